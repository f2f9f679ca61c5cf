import { readFileSync, writeFileSync } from "node:fs";

const pollMs = 20;

/** Polls the peak resident memory of a process and its descendants; `stop` returns the largest sum, in bytes. */
export function watchMemory(pid: number): { stop(): number } {
  let peak = 0;
  const look = () => {
    peak = Math.max(
      peak,
      treeOf(pid).reduce((sum, each) => sum + peakOf(each), 0),
    );
  };
  look();
  const timer = setInterval(look, pollMs);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
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
