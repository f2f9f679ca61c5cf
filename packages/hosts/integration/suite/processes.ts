import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";

/** A number of seconds that nothing else on the machine sleeps for. */
export function newMark(): string {
  return `4${randomInt(1e9)}.5`;
}

/**
 * How many processes of this machine, those in containers among them, run exactly these words; asked of the machine itself,
 * past the host.
 */
export function countProcesses(words: string): Promise<number> {
  const pattern = `^${words.replaceAll(".", "\\.")}$`;
  return new Promise((resolve) => {
    execFile("pgrep", ["--count", "--full", pattern], (_, stdout) => resolve(Number(stdout.trim())));
  });
}

export function countSleeps(mark: string): Promise<number> {
  return countProcesses(`sleep ${mark}`);
}
