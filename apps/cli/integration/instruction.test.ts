import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { finished, launcher, lineOf, runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let repo: TestRepo;
beforeEach(async () => {
  repo = await createTestRepo();
  await repo.write(".otto/instructions.ts", instructions);
});
afterEach(async () => {
  await repo[Symbol.asyncDispose]();
});

// With a type error, which is nobody's business here.
const instructions = `import { composed, currentLab, getContainerHost } from "@otto/docker";
import { instruction } from "@otto/instructions";

const wrong: number = "text";

export const smoke = instruction(
  { description: "shows the marker", options: { times: { type: "number", default: 1 } } },
  async ({ repo, lab, options, log, signal }) => {
    console.log("aside");
    await using stack = await composed(repo, lab, { own: true, signal });
    log.info(\`\${stack.project} in \${currentLab().data.name}\`);
    return getContainerHost(stack.hosts.api.id).exec(\`cat /etc/marker; exit \${options.times + 4}\`, { signal });
  },
);

export const deaf = instruction({ description: "hears no signal" }, async ({ repo, lab, log }) => {
  await using stack = await composed(repo, lab);
  log.info("waiting");
  await stack.hosts.web.exec(["sleep", "1000"], { timeoutMs: Number.POSITIVE_INFINITY });
});

export const thrower = instruction({ description: "throws" }, () => {
  throw new Error("no page", { cause: new Error("no answer") });
});
export const floating = instruction({ description: "leaves a rejection behind" }, async ({ lab, repo, signal }) => {
  await using stack = await composed(repo, lab, { own: true, signal });
  void Promise.reject(new Error("nobody waits"));
  await new Promise((resolve) => setTimeout(resolve, 1000, undefined));
});
export const leaver = instruction({ description: "ends its process" }, () => process.exit(3));
export const wide = instruction({ description: "is no exit code" }, () => 256);
export const busy = instruction({ description: "keeps its process busy over a signal" }, ({ log }) => {
  process.kill(process.ppid, "SIGINT");
  for (const end = Date.now() + 500; Date.now() < end; );
  log.error("busy no more");
});

export const late = instruction({ description: "hears no signal while its stack comes up" }, async ({ repo, lab, log }) => {
  log.info("waiting");
  await using stack = await composed(repo, lab);
  await new Promise(() => {});
});
`;

const running = async () => (await readEngineState(repo.name)).containers;

test("an instruction of a repo without node_modules brings its stack up, and its result is the exit code", async () => {
  const { exitCode, lines, stderr } = await runJson(repo.place, ["run", "smoke", "--times", "3"]);
  expect([exitCode, lines]).toMatchObject([
    7,
    [
      { type: "log", level: "info", instruction: "smoke", text: `${repo.project} in local` },
      { type: "result", exitCode: 7, instruction: "smoke", repo: repo.name },
    ],
  ]);
  expect(stderr).toContain("aside");
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});

test("without a name they are listed; options and names are checked before anything starts", async () => {
  expect((await runOtto(repo.place, ["run"])).stdout).toMatch(/^smoke +\S+ +shows the marker$/m);
  expect((await runJson(repo.place, ["run"])).lines.find(({ name }) => name === "smoke")).toMatchObject({
    type: "instruction",
    options: { times: { type: "number", default: 1 } },
  });
  expect((await runOtto(repo.place, ["run", "smoke", "--help"])).stdout).toMatch(/--times <number> +\(default: 1\)/);
  for (const [words, code] of [
    [["smoke", "--times", "three"], "INSTRUCTION_OPTION_INVALID"],
    [["smoke", "--tims", "3"], "CLI_USAGE"],
    [["smok"], "INSTRUCTION_UNKNOWN"],
  ] as const) {
    expect((await runJson(repo.place, ["run", ...words])).lines).toMatchObject([{ code }, { exitCode: 2 }]);
  }
  expect(await running()).toEqual([]);
});

test("a dry run says what would be run and runs nothing", async () => {
  const { exitCode, lines } = await runJson(repo.place, ["run", "smoke", "--dry-run", "--times=2"]);
  expect([exitCode, lines[0]]).toMatchObject([
    0,
    { type: "step", do: "run", instruction: "smoke", file: file(), options: { times: 2 } },
  ]);
  expect(await running()).toEqual([]);
});

test.each(["deaf", "late"])("Ctrl-C on the terminal takes the stack of %s down before otto ends", async (name) => {
  // A group of its own, as a terminal signals it.
  const env = { PATH: process.env.PATH ?? "", ...repo.place.env };
  const child = spawn(process.execPath, [launcher, "run", name], { cwd: repo.root, env, detached: true });
  const ended = finished(child);
  await lineOf(child.stdout, (line) => line === "waiting");
  await expect.poll(running, { interval: 50 }).not.toEqual([]);
  process.kill(-(child.pid as number), "SIGINT");
  expect((await ended).exitCode).toBe(130);
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});

const file = () => join(repo.root, ".otto/instructions.ts");

test.each([
  [
    "thrower",
    1,
    {
      code: "INSTRUCTION_FAILED",
      message: expect.stringMatching(/instructions\.ts:\d+: Error: no page: Error: no answer$/),
    },
  ],
  [
    "floating",
    1,
    { code: "INSTRUCTION_FAILED", message: expect.stringMatching(/instructions\.ts:\d+: Error: nobody waits$/) },
  ],
  ["wide", 1, { code: "INSTRUCTION_EXIT_CODE_INVALID", message: expect.stringMatching(/256/) }],
  ["leaver", 3, { type: "notice", level: "warn", text: expect.stringMatching(/process\.exit\(3\)/) }],
  ["busy", 130, { type: "log", level: "error", text: expect.stringMatching(/busy no more/) }],
])("%s ends with exit code %i, what happened and a result", async (name, code, shown) => {
  const { exitCode, lines, stderr } = await runJson(repo.place, ["run", name]);
  expect(lines).toMatchObject([shown, { type: "result", status: "failed", exitCode: code }]);
  expect(exitCode).toBe(code);
  expect(stderr).not.toContain("    at ");
  expect(await running()).toEqual([]);
});

test("several repos' instructions coexist, and only a name of two is an error, naming both files", async () => {
  await using other = await createTestRepo();
  const define = (name: string) =>
    `import { instruction } from "@otto/instructions";\nexport const ${name} = instruction({ description: "x" }, ({ repo }) => console.log(repo.name));\n`;
  await other.write(".otto/instructions.ts", define("hello"));
  const place = { cwd: "/", env: { ...repo.place.env, OTTO_SUT_DIRS: `${repo.root},${other.root}` } };
  expect((await runOtto(place, ["run", "hello"])).stdout).toBe(`${other.name}\n`);
  await other.write(".otto/instructions.ts", define("smoke"));
  const files = [file(), join(other.root, ".otto/instructions.ts")];
  const clash = await runJson(place, ["run", "smoke"]);
  expect(clash.lines).toMatchObject([{ code: "INSTRUCTION_NAME_CLASH", details: { files } }, { exitCode: 2 }]);
  expect((await runJson(place, ["run", "wide"])).lines).toMatchObject([{ code: "INSTRUCTION_EXIT_CODE_INVALID" }, {}]);
  expect((await runOtto(place, ["run"])).stdout.match(/^smoke /gm)).toHaveLength(2);
  expect((await runOtto(place, ["run", "smoke", "--repo", other.name])).stdout).toBe(`${other.name}\n`);
});
