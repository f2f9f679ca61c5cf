import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";

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
