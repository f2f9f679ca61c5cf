import { isOttoError } from "@otto/errors";
import { appendLogScript, type ParentLogEntry } from "@otto/hosts";
import type { StackSession } from "./stack-session.js";

/** What a log says of work that went well; undefined: nothing, as nothing was there to do. */
export type LogSummary = Pick<ParentLogEntry, "text" | "commit"> | undefined;

/**
 * Has work on a stack add a line to the log of its parent, which the session writes when it closes: that costs no round
 * trip. A session that is lost writes none.
 */
export function logged<T>(
  entry: Pick<ParentLogEntry, "do" | "who" | "repo">,
  work: (session: StackSession) => Promise<T>,
  summarize: (result: T) => LogSummary,
): (session: StackSession) => Promise<T> {
  return async (session) => {
    const began = performance.now();
    const note = (more: Partial<ParentLogEntry>) => {
      const seconds = (performance.now() - began) / 1000;
      session.runLast(appendLogScript({ ...entry, project: session.project, seconds, ...more }));
    };
    try {
      const result = await work(session);
      const summary = summarize(result);
      if (summary !== undefined) note(summary);
      return result;
    } catch (error) {
      note({ failed: codeOf(error) });
      throw error;
    }
  };
}

/** Not its message: that may hold what a container wrote. */
function codeOf(error: unknown): string {
  if (isOttoError(error)) return error.code;
  return error instanceof Error ? error.name : "Error";
}
