import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const pollMs = 20;

/** What a process and its descendants held at most, as often as somebody looked. */
export interface Peak {
  /** Resident memory. */
  readonly peakBytes: number;
  readonly openFiles: number;
}

/** Polls what a process and its descendants hold; `stop` returns the largest sums. */
export function watchProcesses(pid: number): { stop(): Peak } {
  let [peakBytes, openFiles] = [0, 0];
  const look = () => {
    const pids = treeOf(pid);
    const sum = (of: (pid: number) => number) => pids.reduce((total, each) => total + of(each), 0);
    peakBytes = Math.max(peakBytes, sum(peakOf));
    openFiles = Math.max(openFiles, sum(openFilesOf));
  };
  look();
  const timer = setInterval(look, pollMs);
  return {
    stop: () => {
      clearInterval(timer);
      return { peakBytes, openFiles };
    },
  };
}

/** Peak resident bytes of one process since it started or since `forgetPeak`; 0 when it has ended. */
export function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Resets the kernel's peak of a process. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** How many files a process has open; 0 when it has ended. */
export function openFilesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

function treeOf(pid: number): number[] {
  const children = readOrNothing(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(treeOf)];
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
