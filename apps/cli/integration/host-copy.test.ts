import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "otto-copy-"));
  await writeFile(join(cwd, "a"), "A");
  await writeFile(join(cwd, "-b"), "B");
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

const place = () => ({ cwd, env: { HOME: cwd } });

test("put copies with a mode that may stand anywhere, and names where each file is", async () => {
  const run = await runJson(place(), ["host", "local", "put", "a", "--", "-b", "out/"]);
  expect(run.lines).toMatchObject([
    { type: "copy", do: "put", host: "local", source: "a", target: "out/a" },
    { type: "copy", do: "put", host: "local", source: "-b", target: "out/-b" },
    { type: "result", exitCode: 0, entries: 2, bytes: 2 },
  ]);
  const told = await runOtto(place(), ["host", "local", "put", "a", "private", "--mode", "600"]);
  expect(told).toEqual({ exitCode: 0, stdout: "a → local:private\n", stderr: "" });
  expect((await stat(join(cwd, "private"))).mode & 0o777).toBe(0o600);
});

test("get copies, and a dry run changes nothing", async () => {
  const dry = await runOtto(place(), ["--dry-run", "host", "local", "get", "a", "copy"]);
  expect(dry).toEqual({ exitCode: 0, stdout: "would copy local:a → copy\n", stderr: "" });
  expect(await readdir(cwd)).toEqual(["-b", "a"]);
  await runOtto(place(), ["host", "local", "get", "a", "copy"]);
  expect(await readFile(join(cwd, "copy"), "utf8")).toBe("A");
});

test.each<[number, string, readonly string[]]>([
  [2, "CLI_USAGE", ["put", "a"]],
  [2, "CLI_USAGE", ["put", "a", "b", "--mode", "9"]],
  [1, "FILES_NOT_FOUND", ["put", "nothing", "b"]],
  [1, "FILES_SAME_NAME", ["put", "a", "./a", "b/"]],
  [1, "FILES_COPY_FAILED", ["put", "a", "/proc/otto/"]],
])("ends with %i and %s for a wrong copy", async (exitCode, code, words) => {
  const run = await runJson(place(), ["host", "local", ...words]);
  expect(run.exitCode).toBe(exitCode);
  expect(run.lines[0]).toMatchObject({ type: "error", code });
});
