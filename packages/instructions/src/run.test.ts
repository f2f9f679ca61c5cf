import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lab, loadRepo } from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { discoverInstructions, findInstruction } from "./discovery.js";
import { exitCodeOfResult } from "./instruction.js";
import { type RunInstructionOptions, runInstruction } from "./run.js";

const lab = new Lab({
  data: { name: "local", hosts: [], links: [], notes: [] },
  repos: [],
  env: {},
  home: "/nonexistent",
});
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-run-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Runs the instruction of this body, from a module of its own. */
async function run(body: string, options: Partial<RunInstructionOptions> = {}) {
  await mkdir(join(root, ".otto"), { recursive: true });
  await writeFile(join(root, ".otto/settings.toml"), 'name = "shop"\nversion = "1"\n');
  const text = `import { currentLab, getContainerHost } from "@otto/docker";
import { instruction } from "@otto/instructions";
export const it = instruction({ description: "x", options: { times: { type: "number", default: 1 } } },
  async ({ repo, lab, options, log, signal }) => { ${body} });\n`;
  await writeFile(join(root, ".otto/instructions.ts"), text);
  const found = await discoverInstructions([await loadRepo(root, { home: root })]);
  return runInstruction(findInstruction(found, "it"), { lab, ...options });
}

test("a body gets its repo, its lab as the current one, and its options", async () => {
  const result = await run("return [repo.name, lab === currentLab(), options.times]", { options: { times: "3" } });
  expect(result).toEqual(["shop", true, 3]);
});

test("what a body logs and throws goes to its caller", async () => {
  const told: string[] = [];
  const log = { ...quiet, info: (text: string) => told.push(text) };
  await expect(run('log.info("hello"); getContainerHost("a.b.c")', { log })).rejects.toMatchObject({
    code: "HOST_UNKNOWN",
  });
  expect(told).toEqual(["hello"]);
});

test("options are checked before the body begins", async () => {
  const given = { options: { times: "x" } };
  await expect(run('throw new Error("began")', given)).rejects.toMatchObject({ code: "INSTRUCTION_OPTION_INVALID" });
});

test("a body that hears of an abort ends the run itself", async () => {
  const abort = new AbortController();
  const body =
    'return await new Promise((end) => { signal.addEventListener("abort", () => end("ended")); log.info("go"); })';
  expect(await run(body, { signal: abort.signal, log: { ...quiet, info: () => abort.abort() } })).toBe("ended");
});

test("a body that does not hear of an abort is left behind", async () => {
  const abort = new AbortController();
  const log = { ...quiet, info: () => abort.abort(new Error("enough")) };
  const body = 'log.info("go"); await new Promise(() => {})';
  await expect(run(body, { signal: abort.signal, log })).rejects.toThrow("enough");
});

test.each([
  [undefined, 0],
  [3, 3],
  [{ exitCode: 7, stdout: "" }, 7],
  [255, 255],
  [{ exitCode: 0 }, 0],
  ["text", 0],
])("the result %j stands for exit code %i", (result, expected) => {
  expect(exitCodeOfResult(result)).toBe(expected);
});

test.each([256, -1, 1.5, Number.NaN, { exitCode: 256 }, { exitCode: "7" }, { exitCode: null }])(
  "the result %j is refused",
  (result) => {
    expect(() => exitCodeOfResult(result)).toThrow(
      expect.objectContaining({ code: "INSTRUCTION_EXIT_CODE_INVALID", message: expect.stringContaining("0 to 255") }),
    );
  },
);

test.each([
  ["an error with causes", 'throw new Error("no page", { cause: new TypeError("no answer", { cause: "refused" }) })'],
  ["an error of a callback's promise", "await Promise.reject(new Error('no page', { cause: 'x' }))"],
])("%s is reported with the instruction's name, file and line", async (_, body) => {
  const file = join(root, ".otto/instructions.ts");
  const error = await run(body).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "INSTRUCTION_FAILED",
    message: expect.stringMatching(`^running it: ${file}:4: Error: no page: (TypeError: no answer: refused|x)$`),
    details: { instruction: "it", file, line: 4 },
    cause: { message: "no page" },
  });
});

test("what is thrown and no error is reported with the file", async () => {
  const message = `running it: ${join(root, ".otto/instructions.ts")}: undefined`;
  await expect(run("throw undefined")).rejects.toMatchObject({ code: "INSTRUCTION_FAILED", message });
});
