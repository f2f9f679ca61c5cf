import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, dockerfile, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const page = join(import.meta.dirname, "../../../docs/how-to/docker-and-otto.md");

let repo: TestRepo;
beforeAll(async () => {
  repo = await createTestRepo();
  const image = `{ image: "${repo.name}-api:latest", init: true`;
  const services = `{ api: ${image} }, web: ${image}, depends_on: [api] }, debug: ${image}, profiles: [debug] } }`;
  await repo.write("lab.json", '{ "hosts": [] }');
  await repo.write("docker/compose.yml", `services: ${services}\n`);
  await repo.write("docker/Dockerfile", `${dockerfile}ARG A=0\nRUN ["sh", "-c", "echo $A >/argument"]\n`);
});
afterAll(() => repo[Symbol.asyncDispose]());

interface Row {
  /** What is typed behind `otto`. */
  readonly words: readonly string[];
  readonly said: string;
}

/** The rows of the table below a heading of the page. */
async function readRows(heading: string): Promise<readonly Row[]> {
  const text = await readFile(page, "utf8");
  const [, section = ""] = text.split(`\n## ${heading}\n`);
  const rows = [...(section.split("\n## ")[0] ?? "").matchAll(/^\| `otto ([^`]+)` +\| (.*?) +\|$/gm)];
  return rows.map(([, line = "", said = ""]) => ({ words: line.split(" "), said }));
}

async function containers(): Promise<readonly string[]> {
  const filter = `label=com.docker.compose.project=${repo.project}`;
  const { stdout } = await execute("docker", [
    "container",
    "ls",
    "--all",
    "--filter",
    filter,
    "--format",
    "{{.Names}}",
  ]);
  const names = stdout.split("\n").filter((line) => line !== "");
  return names.map((name) => name.replace(`${repo.project}-`, "")).sort();
}

/** What is there after a line of the first table; the others leave what the line before did. */
const after: Readonly<Record<string, readonly string[]>> = {
  "up -d": ["api-1", "web-1"],
  "up --scale web=2 --pull missing -t 1": ["api-1", "web-1", "web-2"],
  "--profile debug up": ["api-1", "debug-1", "web-1"],
  "down web --timeout 1": ["api-1", "debug-1"],
  "down -v -t 5 --rmi local --remove-orphans": [],
};

// One story: the page's lines from the first to the last, in one stack.
test("each line that the documentation promises does what is said there", async () => {
  const rows = await readRows("What works as it does there");
  expect(rows.length).toBeGreaterThan(20);
  expect(Object.keys(after).filter((line) => !rows.some(({ words }) => words.join(" ") === line))).toEqual([]);
  let expected: readonly string[] = [];
  for (const { words } of rows) {
    const line = words.join(" ");
    expected = after[line] ?? expected;
    const { exitCode, stderr } = await runOtto(repo.place, words);
    expect([line, exitCode, exitCode === 0 ? "" : stderr]).toEqual([line, 0, ""]);
    expect([line, ...(await containers())]).toEqual([line, ...expected]);
  }
});

test("each other line is answered by what to type instead, as the documentation says", async () => {
  const rows = await readRows("What otto does in another way");
  expect(rows.length).toBeGreaterThan(20);
  const before = await containers();
  for (const { words, said } of rows) {
    const { exitCode, stdout, stderr } = await runOtto(repo.place, words);
    const [message = "", hint] = stderr.split("\n");
    expect([words.join(" "), exitCode, stdout, hint]).toEqual([words.join(" "), 2, "", `hint: ${said}`]);
    expect(message).toMatch(/^error\[CLI_USAGE\]: /);
  }
  expect(await containers()).toEqual(before);
});

test("where the word after run is a service, otto says how to run one", async () => {
  const lines: readonly (readonly [string[], string])[] = [
    [["run", "api", "ls", "-l"], "otto docker run api ls -l"],
    [["run", "--rm", "-e", "A=1", "api", "sh", "-c", "exit 7"], "otto docker run --rm -e 'A=1' api sh -c 'exit 7'"],
    [["run", "api"], "otto docker run api"],
  ];
  for (const [words, typed] of lines) {
    const { exitCode, stderr } = await runOtto(repo.place, words);
    const hint = `hint: api is a service, not an instruction: ${typed}\n`;
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(hint)]);
  }
});

test("who asks for a shell of a service at a terminal has one, by each name of it", async () => {
  expect((await runOtto(repo.place, ["up", "--quiet", "api"])).exitCode).toBe(0);
  for (const words of [
    ["ssh", "api"],
    ["host", "api", "exec", "sh"],
  ]) {
    await using terminal = await TestTerminal.open(repo.place, words);
    await terminal.sees("# ");
    terminal.type("echo in-$((1 + 1)); exit 3\r");
    await terminal.sees("in-2");
    expect([words[0], (await terminal.finished()).exitCode]).toEqual([words[0], 3]);
  }
  expect((await runOtto(repo.place, ["down"])).exitCode).toBe(0);
});

test("an argument of one build is an input of that image alone", async () => {
  const image = `${repo.name}-api:latest`;
  const read = async () => (await execute("docker", ["run", "--rm", image, "cat", "/argument"])).stdout;
  const build = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const place = { ...repo.place, env: { ...repo.place.env, ...env } };
    const { exitCode, stderr } = await runOtto(place, ["build", ...words]);
    expect([exitCode, stderr.includes("--build-arg counts for this build alone")]).toEqual([0, words.length > 0]);
    return read();
  };
  expect(await build(["--build-arg", "A=1"])).toBe("1\n");
  expect(await build([])).toBe("0\n");
  expect(await build(["--build-arg", "A"], { A: "2" })).toBe("2\n");
  // As with docker, a name that has no value anywhere is left out.
  expect(await build(["--build-arg", "A"])).toBe("0\n");
});
