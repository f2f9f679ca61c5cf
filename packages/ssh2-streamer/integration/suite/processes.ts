import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import type { SshSession } from "ssh2-streamer";
import type { ExpectStatic } from "vitest";

/** A number of seconds that nothing else on the machine sleeps for. */
export function newMark(): string {
  return `4${randomInt(1e9)}.${process.pid}`;
}

/** How many processes of this machine run exactly `sleep MARK`; asked of the machine itself, past the session. */
export function countSleeps(mark: string): Promise<number> {
  const pattern = `^sleep ${mark.replace(".", "\\.")}$`;
  return new Promise((resolve) => {
    execFile("pgrep", ["--count", "--full", pattern], (_, stdout) => resolve(Number(stdout.trim())));
  });
}

/**
 * Aborts a command that has a child in the background.
 * @returns how many of the two run on when the abort is reported
 */
export async function countLeftByAbort(session: SshSession, expect: ExpectStatic): Promise<number> {
  const mark = newMark();
  const controller = new AbortController();
  const script = `sleep ${mark} & sleep ${mark}; true`;
  const running = session.exec(["sh", "-c", script], { signal: controller.signal });
  running.catch(() => {});
  await expect.poll(() => countSleeps(mark)).toBe(2);
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  return countSleeps(mark);
}
