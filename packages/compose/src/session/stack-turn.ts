import { checkProjectName } from "@otto/hashing";
import type { LockHolder, Parent } from "@otto/hosts";
import { inTurn } from "./stack-queue.js";
import { openStackSession, type StackSession } from "./stack-session.js";

/** Someone else works on the stack. */
export type WaitingEvent = { readonly type: "compose.waiting"; readonly project: string } & LockHolder;

export function waitingEvent(project: string, holder: LockHolder): WaitingEvent {
  return { type: "compose.waiting", project, ...holder };
}

interface TurnOptions {
  /** The name under which a waiting command reports this call. */
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
  const { who, signal } = options;
  const onWaiting = (holder: LockHolder) => options.onEvent?.(waitingEvent(project, holder));
  return inTurn({ parent, project, who, onWaiting, signal }, async () => {
    await using session = await openStackSession(parent, { project, who, onWaiting, signal });
    try {
      return await work(session);
    } catch (error) {
      // What fails after an abort fails for it.
      signal?.throwIfAborted();
      throw error;
    }
  });
}
