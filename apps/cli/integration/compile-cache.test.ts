import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runOtto } from "./otto-process.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-compiled-"));
});
afterEach(() => rm(home, { recursive: true }));

// Node 20 has no such call: it is put there, and what it is given is looked at.
const preload = `
  import { writeFileSync } from "node:fs";
  import module from "node:module";
  module.enableCompileCache = (directory) => writeFileSync(process.env.HOME + "/given", directory);
`;

async function start(env: Readonly<Record<string, string>>) {
  await writeFile(join(home, "preload.mjs"), preload);
  const NODE_OPTIONS = `--import ${join(home, "preload.mjs")}`;
  return await runOtto({ cwd: home, env: { HOME: home, NODE_OPTIONS, ...env } }, ["--version"]);
}

test("what Node compiles is kept where the user alone can write", async () => {
  const { exitCode } = await start({ XDG_CACHE_HOME: join(home, "cache") });
  const directory = join(home, "cache/otto/compiled");
  expect([exitCode, await readFile(join(home, "given"), "utf8")]).toEqual([0, directory]);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

test("nothing is kept in a directory that others can write to", async () => {
  const directory = join(home, "cache/otto/compiled");
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o770);
  expect((await start({ XDG_CACHE_HOME: join(home, "cache") })).exitCode).toBe(0);
  await expect(stat(join(home, "given"))).rejects.toThrow("ENOENT");
});

test("otto starts where nothing can be kept", async () => {
  await writeFile(join(home, "cache"), "no directory");
  expect((await start({ XDG_CACHE_HOME: join(home, "cache") })).exitCode).toBe(0);
  await expect(stat(join(home, "given"))).rejects.toThrow("ENOENT");
});
