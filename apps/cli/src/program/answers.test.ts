import { PassThrough } from "node:stream";
import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { arrangeLine } from "../arguments/arrange-line.js";
import { readCommandLine } from "../command-line.js";
import { answeredWords } from "./answers.js";
import { createProgram } from "./program.js";
import { commandsOf } from "./subcommand.js";

const program = createProgram("1", () => {}, { writeOut: () => {}, writeErr: () => {} });
const arrange = (line: string) => arrangeLine(program, line.split(" ")).join(" ");

test.each([
  ["ssh web", "host login web"],
  ["docker shell web", "host login web"],
  ["--lab a ssh web --user root", "--lab a host login web --user root"],
  ["host web ssh", "host login web"],
  ["host ssh web", "host login web"],
  ["host web sh --user root", "host login web --user root"],
  ["hosts", "--list-hosts"],
  ["docker context ls --json", "--json --list-hosts"],
  ["labs", "--list-labs"],
  ["status", "docker ps"],
  ["ls --all", "docker ps --all"],
  ["help", "--help"],
  ["help docker", "docker --help"],
  ["docker help up", "docker up --help"],
  ["help compose up", "docker up --help"],
  ["help host exec", "host exec --help --"],
  ["help ssh", "host login --help"],
  ["host help", "host --help"],
  ["host help put", "host put --help"],
  ["-v", "--version"],
  ["-V", "--version"],
  ["docker --help", "docker --help"],
])("%j is read as %j", (line, expected) => {
  expect(arrange(line)).toBe(expected);
});

/** What is said to a line that is no command: the message and the hint. */
function refusalOf(line: string): string {
  const argv = line.split(" ");
  try {
    readCommandLine({ argv, env: {}, stdout: new PassThrough(), stderr: new PassThrough() });
  } catch (error) {
    if (isOttoError(error, "CLI_USAGE")) return `${error.message} ${error.hint}`;
    throw error;
  }
  return "";
}

test.each([
  ["prune", "otto down --volumes --rmi local"],
  ["system prune -a", "unknown command 'system prune'"],
  ["docker image prune", "otto host HOST exec docker system prune"],
  ["login", "docker login REGISTRY"],
  ["rebuild", "otto build --rebuild"],
  ["context use a", "--on HOST"],
  ["-f other.yml up", "[[docker.composes]]"],
  ["docker compose -f other.yml up", "[[docker.composes]]"],
  ["-p name up", "OTTO_COMPOSE_SUFFIX=NAME otto up"],
  ["--env-file x up", ".env beside the Compose file"],
  ["--profile debug logs", "otto up --profile NAME"],
  ["-H ssh://a ps", "otto --on ssh://user@host ps"],
  ["up --no-start", "otto up --dry-run"],
  ["up --abort-on-container-exit", "otto test"],
  ["up --no-wait", "otto up --wait-timeout SECONDS"],
  ["build -t x", "`name` of [[docker.images]]"],
  ["build -tx", "`name` of [[docker.images]]"],
  ["build --target=a", "target of [[docker.images]]"],
  ["host web ls -l", "otto host web exec ls -l"],
  ["host web cp a b", "otto host web put SRC... DEST"],
  ["help nosuch", "unknown command 'nosuch'"],
  ["forwrad", "See otto --help."],
])("%j is answered with %s", (line, expected) => {
  expect(refusalOf(line)).toContain(expected);
});

test.each([
  "up -d",
  "up --detach --wait --build",
  "up web db --no-deps",
  "up --pull always -y",
  "down web -v -t 5",
  "down --rmi local --remove-orphans",
  "--profile a down",
  "build --build-arg A=1 --build-arg B --progress plain",
  "-q up",
])("%j is taken", (line) => {
  expect(refusalOf(line)).toBe("");
});

test("no word has an answer that is a command of its own", () => {
  const names = new Set(
    commandsOf(program)
      .filter(({ parent }) => !["host", "lab"].includes(parent?.name() ?? ""))
      .map((it) => it.name()),
  );
  expect(answeredWords.filter((word) => names.has(word))).toEqual([]);
});

/** Command lines in an answer begin with `otto`, or are an option. */
test("each word has an answer that can be typed", () => {
  for (const word of answeredWords) {
    const refusal = refusalOf(word);
    if (refusal === "") continue;
    expect(refusal, word).toMatch(
      /\botto (up|down|build|ps|logs|test|init|doctor|host|images|exec|pull|--list-hosts)\b|otto -/,
    );
  }
});
