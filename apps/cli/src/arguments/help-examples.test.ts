import { execFileSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readCommandLine } from "../command-line.js";
import { createProgram } from "../program/program.js";
import { commandsOf, pathOf } from "../program/subcommand.js";
import { formatExamples } from "./help-examples.js";

const program = createProgram("1", () => {}, { writeOut: () => {}, writeErr: () => {} });
const commands = commandsOf(program).map(pathOf);

test("each command has examples in its help (add them in help-examples.ts)", () => {
  expect(commands.filter((command) => formatExamples(command) === undefined)).toEqual([]);
});

/** The words that a shell would give to `otto`. */
function wordsOf(line: string): string[] {
  const script = `otto() { printf '%s\\0' "$@" >&3; }; ${line}`;
  const out = execFileSync("bash", ["-c", `{ ${script.replaceAll(/ [<>] \S+/g, "")}\ntrue; } 3>&1 >/dev/null`], {
    encoding: "utf8",
  });
  return out.split("\0").slice(0, -1);
}

const examples = commands.flatMap((command) =>
  (formatExamples(command) ?? "")
    .split("\n")
    .flatMap((line) => (line.startsWith("  ") ? [[command, line.trim()]] : [])),
);

test.each(examples)("%s: %s is a command line that otto takes", (_command, line = "") => {
  const argv = wordsOf(line);
  const { action } = readCommandLine({ argv, env: {}, stdout: new PassThrough(), stderr: new PassThrough() });
  expect(action).toBeTypeOf("function");
});
