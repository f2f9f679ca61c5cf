import type { Parent } from "../parent/parent.js";
import { type ParentLogEntry, type ParentLogLine, parseLog } from "./log-line.js";
import { appendLogScript, readLogScript } from "./log-script.js";

/** A parent that is slow to write a line does not hold up whoever has done its work. */
const appendTimeoutMs = 10_000;

/**
 * Adds a line to the log of a parent, which all its logins can read: `otto lab log`. It never fails the work that it is about.
 * @returns whether it was written
 */
export async function appendParentLog(
  parent: Pick<Parent, "exec">,
  entry: ParentLogEntry,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  try {
    const options = { timeoutMs: appendTimeoutMs, signal };
    return (await parent.exec(["sh", "-c", appendLogScript(entry)], options)).exitCode === 0;
  } catch {
    return false;
  }
}

export interface ParentLogOptions {
  /** How many lines at most, the last ones. Default 1000. */
  readonly lines?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The last lines of a parent's log, of all its logins, in order of time.
 * @throws what connecting to the parent throws
 */
export async function readParentLog(
  parent: Pick<Parent, "exec">,
  { lines = 1000, signal }: ParentLogOptions = {},
): Promise<ParentLogLine[]> {
  const { stdout } = await parent.exec(["sh", "-c", readLogScript(lines)], { signal });
  return parseLog(stdout.toString()).slice(-lines);
}
