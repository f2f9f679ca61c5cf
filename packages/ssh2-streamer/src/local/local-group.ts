import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

/** What got SIGTERM has this long to end. */
const graceMs = 1500;
const pollMs = 20;

/** Sends a signal to the process group that `child`, spawned `detached`, leads; says whether there is one. */
export function signalLocalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Ends the process group of a child: SIGTERM, and SIGKILL for what is still there after 1.5 s. */
export async function endLocalGroup(child: ChildProcess): Promise<void> {
  const exited = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, "exit");
  // Closed pipes say it first: zombies that nobody collects count as a group for ever.
  let isClosed = false;
  child.once("close", () => {
    isClosed = true;
  });
  signalLocalGroup(child, "SIGTERM");
  const deadline = performance.now() + graceMs;
  while (!isClosed && performance.now() < deadline && signalLocalGroup(child, 0)) await delay(pollMs);
  signalLocalGroup(child, "SIGKILL");
  await exited;
}
