import { checkProjectName } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import { inTurn } from "./stack-queue.js";
import { type LockHolder, openStackSession, type StackSession } from "./stack-session.js";

/** Someone else works on the stack. */
export type WaitingEvent = { readonly type: "compose.waiting"; readonly project: string } & LockHolder;

interface TurnOptions {
  /** What others are told who wait for this. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: WaitingEvent) => void) | undefined;
}

/**
 * Runs `work` with the stack's lock.
 * @throws OttoError `COMPOSE_PROJECT_INVALID` before anything else
 */
export async function inStackSession<T>(
  { parent, project }: { readonly parent: Parent; readonly project: string },
  options: TurnOptions,
  work: (session: StackSession) => Promise<T>,
): Promise<T> {
  checkProjectName(project);
  return inTurn({ parent, project, signal: options.signal }, async () => {
    await using session = await openStackSession(parent, {
      project,
      who: options.who,
      onWaiting: (holder) => options.onEvent?.({ type: "compose.waiting", project, ...holder }),
      signal: options.signal,
    });
    try {
      return await work(session);
    } catch (error) {
      // What fails after an abort fails for it.
      options.signal?.throwIfAborted();
      throw error;
    }
  });
}
