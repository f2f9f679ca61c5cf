import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, lineOf, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const instructions = `import { readFileSync } from "node:fs";
import { instruction } from "@otto/instructions";
export const loops = instruction({ description: "a busy loop" }, () => {
  console.log("pid " + process.pid);
  for (;;) {}
});
export const reads = instruction({ description: "a read that waits for ever" }, () => {
  console.log("pid " + process.pid);
  readFileSync("fifo");
});
export const waits = instruction({ description: "until it is aborted" }, ({ signal }) => {
  console.log("pid " + process.pid);
  const timer = setInterval(() => {}, 1000);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(clearInterval(timer))));
});
export const three = instruction({ description: "ends with 3" }, () => 3);
export const dies = instruction({ description: "kills its process" }, () => process.kill(process.pid, "SIGKILL"));
`;

let repo: TestRepo;
beforeAll(async () => {
  repo = await createTestRepo();
  await repo.write(".otto/instructions.ts", instructions);
  execFileSync("mkfifo", [join(repo.root, "fifo")]);
});
afterAll(() => repo[Symbol.asyncDispose]());

/** Starts an instruction that blocks; its own process has begun to. */
async function startBlocked(name: string) {
  const child = startOtto(repo.place, ["run", name]);
  const ended = finished(child);
  const pid = Number((await lineOf(child.stdout, (line) => line.startsWith("pid "))).slice(4));
  expect(pid).not.toBe(child.pid);
  return { child, ended, pid };
}

/** Whether there is such a process, and it is none that only waits to be reaped. */
const isRunning = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

test.each([
  ["loops", "SIGTERM", 143],
  ["reads", "SIGINT", 130],
] as const)("an instruction that %s is ended by the first %s", async (name, signal, exitCode) => {
  const { child, ended, pid } = await startBlocked(name);
  child.kill(signal);
  const run = await ended;
  expect([run.exitCode, isRunning(pid)]).toEqual([exitCode, false]);
  expect(run.stderr).toContain("did not answer the signal");
});

test("the second signal ends it at once", async () => {
  const { child, ended, pid } = await startBlocked("loops");
  child.kill("SIGTERM");
  const startedAt = performance.now();
  child.kill("SIGINT");
  const { exitCode } = await ended;
  // The first alone leaves it 3 s.
  expect(performance.now() - startedAt).toBeLessThan(2900);
  expect([130, 143]).toContain(exitCode);
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test("one that does not block has its own exit code, and one result", async () => {
  expect((await runOtto(repo.place, ["run", "three"])).exitCode).toBe(3);
  const { exitCode, lines } = await runJson(repo.place, ["run", "three"]);
  expect([exitCode, lines.filter(({ type }) => type === "result").length]).toEqual([3, 1]);
});

test("one whose process is killed has failed, and there is a result", async () => {
  const { exitCode, lines } = await runJson(repo.place, ["run", "dies"]);
  expect([exitCode, lines.at(-1)]).toEqual([1, expect.objectContaining({ type: "result", status: "failed" })]);
});

test("when otto is killed, the process of the instruction ends too", async () => {
  const { child, pid } = await startBlocked("waits");
  expect(isRunning(pid)).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test.each(["SIGKILL", "SIGTERM"] as const)("a %s while that process has only begun to load counts", async (signal) => {
  const child = startOtto(repo.place, ["run", "waits"]);
  const ended = finished(child);
  const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
  while (children() === "") await setImmediate();
  const pid = Number(children());
  child.kill(signal);
  await ended;
  await expect.poll(() => isRunning(pid)).toBe(false);
});
