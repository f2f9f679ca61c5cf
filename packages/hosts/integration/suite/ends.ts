import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { toExitCode } from "ssh2-streamer";
import { test } from "vitest";
import type { HostTests } from "./host-tests.js";
import { countSleeps, newMark } from "./processes.js";

/** Commands that are ended before their end: by an abort, a signal, a deadline. */
export function testEnds({ host, directory }: HostTests): void {
  test("has ended an aborted command, children too, when the call rejects with the reason", async ({ expect }) => {
    const mark = newMark();
    const controller = new AbortController();
    const running = host().exec(`sleep ${mark} & sleep ${mark}; true`, { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(2);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });

  test("ends one that does not listen to SIGTERM", async ({ expect }) => {
    const mark = newMark();
    const controller = new AbortController();
    const running = host().exec(`trap '' TERM; sleep ${mark}; sleep ${mark}`, { signal: controller.signal });
    await expect.poll(() => countSleeps(mark)).toBe(1);
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });

  test("lets an aborted command clean up", async ({ expect }) => {
    const file = join(directory(), `cleaned-${host().id}`);
    const controller = new AbortController();
    const script = `trap 'echo yes >${file}; exit' TERM; echo on; sleep 60 & wait`;
    const started = await host().spawn(["sh", "-c", script], { signal: controller.signal });
    await once(started.stdout, "data");
    controller.abort(new Error("enough"));
    await expect(started.exit).rejects.toThrow("enough");
    await expect.poll(() => readFile(file, "utf8").catch(() => "")).toBe("yes\n");
  });

  test("passes a signal on to a process and its children", async ({ expect }) => {
    const mark = newMark();
    const started = await host().spawn(["sh", "-c", `sleep ${mark} & sleep ${mark}; true`]);
    for (const stream of [started.stdout, started.stderr]) stream.resume();
    await expect.poll(() => countSleeps(mark)).toBe(2);
    started.kill("SIGTERM");
    expect(toExitCode(await started.exit)).toBe(143);
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });

  test("ends a command at its deadline, children too, and keeps what it had said", async ({ expect }) => {
    const mark = newMark();
    const command = `printf out; printf err >&2; sleep ${mark} & sleep ${mark}`;
    // Long enough for a busy machine to start it.
    const result = await host().exec(command, { timeoutMs: 5000 });
    expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
      exitCode: 124,
      stdout: "out",
      stderr: "err",
      timedOut: true,
    });
    await expect.poll(() => countSleeps(mark)).toBe(0);
  });
}
