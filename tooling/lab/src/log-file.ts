import { open, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

// It takes seconds at most; a machine may be busy.
const timeoutMs = 60_000;

/** Lines of a log that say how a start went. */
export interface StartLog {
  readonly ready: RegExp;
  readonly failed: RegExp;
}

/**
 * Waits until a program says in its log that it is ready.
 * @returns what `ready` matched
 * @param offset where in the log its start begins, see {@link endOfLog}
 * @throws Error with the log when the program says that it failed, or says nothing for a minute
 */
export async function waitForLog(path: string, offset: number, { ready, failed }: StartLog): Promise<RegExpExecArray> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const log = (await readFile(path, "utf8").catch(() => "")).slice(offset);
    const match = ready.exec(log);
    if (match !== null) return match;
    if (failed.test(log) || Date.now() > deadline) throw new Error(`lab: ${path} does not say ${ready}:\n${log}`);
    await delay(5);
  }
}

/** Characters of a log so far. Makes the file when there is none. */
export async function endOfLog(path: string): Promise<number> {
  const file = await open(path, "a+");
  try {
    return (await file.readFile("utf8")).length;
  } finally {
    await file.close();
  }
}
