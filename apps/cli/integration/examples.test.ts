import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { engineEnvironment, readImageFile } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

// `hello` is what tooling/quickstart runs.
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-examples-"));
});
afterEach(() => rm(home, { recursive: true }));

/** Where an example runs, with a static busybox beside its Dockerfiles and a stack of this test alone. */
async function placeOf(example: string, contexts: readonly string[] = ["api"]) {
  const cwd = join(examples, example);
  for (const context of contexts) await copyFile("/bin/busybox", join(cwd, context, "busybox"));
  return { cwd, env: { HOME: home, OTTO_COMPOSE_SUFFIX: `ci${process.pid}`, NO_COLOR: "1" } };
}

/** Every container and network of an example's stack. */
async function left(repo: string): Promise<string[]> {
  const filter = `label=com.docker.compose.project=otto-${repo}-ci${process.pid}`;
  const lists = [
    ["ps", "--all"],
    ["network", "ls"],
  ].map((words) => execute("docker", [...words, "--quiet", "--filter", filter]));
  return (await Promise.all(lists)).flatMap(({ stdout }) => stdout.split("\n").filter((id) => id !== ""));
}

test("two-images-and-env-file: both images, target and build args, env_file and mount arrive", async () => {
  const place = await placeOf("two-images-and-env-file", ["api", "worker/files"]);
  const up = await runJson(place, ["docker", "up"]);
  expect(up.exitCode).toBe(0);
  const shown = await runOtto(place, [
    "host",
    "local.two.api",
    "exec",
    "echo $COLOUR $PORT; cat /etc/motd /www/index.html",
  ]);
  expect(shown.stdout).toBe("green 8080\nmounted from the repository\nhello\n");
  await runOtto(place, ["docker", "down"]);
  expect(await left("two")).toEqual([]);
});

test("instruction: its options choose what it does, and its result is the exit code", async () => {
  const place = await placeOf("instruction");
  const good = await runOtto(place, ["run", "smoke", "--times", "2"]);
  expect([good.exitCode, good.stdout]).toEqual([0, "1: hello from an instruction\n2: hello from an instruction\n"]);
  const bad = await runOtto(place, ["run", "smoke", "--path", "/nope"]);
  expect([bad.exitCode, bad.stdout]).toEqual([1, expect.stringContaining("404 Not Found")]);
  expect(await left("instruction")).toEqual([]);
});

test("suite: otto test runs vitest with the lab, and gives its exit code", async () => {
  const place = await placeOf("suite");
  const plan = await runJson(place, ["test", "-n", "tests/page.test.ts"]);
  expect(plan.lines[0]).toMatchObject({ type: "step", do: "test", repo: "suite", directory: place.cwd });
  expect(await left("suite")).toEqual([]);
  const { exitCode, lines, stderr } = await runJson(place, ["test", "--reporter=verbose"]);
  expect([exitCode, lines]).toMatchObject([0, [{ type: "suite", repo: "suite", exitCode: 0 }, { type: "result" }]]);
  expect(stderr).toMatch(/Test Files +2 passed/);
  const none = await runOtto(place, ["test", "no-such-file"]);
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining("No test files found")]);
  expect(await left("suite")).toEqual([]);
});

test("suite-node-test: node:test passes", async () => {
  const { cwd, env } = await placeOf("suite-node-test");
  const argv = ["--import", "jiti/register", "--test", "suite.test.ts"];
  const { stdout } = await execute(process.execPath, argv, {
    cwd,
    env: { PATH: process.env.PATH, ...engineEnvironment(), ...env },
  });
  expect(stdout).toMatch(/pass 4\n.*fail 0\n/);
  expect(await left("node-suite")).toEqual([]);
});

test("cherry-pick: the second build is skipped", async () => {
  const { cwd } = await placeOf("cherry-pick");
  const build = async () => (await execute(process.execPath, ["build.js"], { cwd })).stdout.trim().split(" ");
  const [, tag = ""] = await build();
  await execute("docker", ["image", "rm", "--force", tag]);
  expect(await build()).toEqual(["built", tag]);
  expect(await build()).toEqual(["skipped", tag]);
  expect(await readImageFile(tag, "/greeting")).toBe("hello\n");
});

test("a repository without vitest is told what to install", async () => {
  await using repo = await createTestRepo();
  expect((await runJson(repo.place, ["test"])).lines).toMatchObject([
    { code: "CLI_NO_VITEST", hint: expect.stringContaining("npm install --save-dev vitest") },
    { exitCode: 2 },
  ]);
});
