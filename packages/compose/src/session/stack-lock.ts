import { abortable } from "@otto/errors";
import { checkProjectName } from "@otto/hashing";
import type { LockHolder, Parent } from "@otto/hosts";
import type { PhaseListener } from "./stack-phase.js";
import { openStackSession, type StackLocation, type StackSession } from "./stack-session.js";

/** Someone else works on the stack. */
export type WaitingEvent = { readonly type: "compose.waiting"; readonly project: string } & LockHolder;

export function waitingEvent(project: string, holder: LockHolder): WaitingEvent {
  return { type: "compose.waiting", project, ...holder };
}

interface LockOptions {
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  /** Whether it works on a parent that somebody else has reserved: what ends earlier work does. Default false. */
  readonly evenReserved?: boolean | undefined;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: WaitingEvent) => void) | undefined;
  /** For a trace. */
  readonly onPhase?: PhaseListener | undefined;
}

/**
 * Runs `work` with the stack's lock.
 * @throws OttoError `COMPOSE_PROJECT_INVALID` before anything else; `HOST_RESERVED` when somebody else has reserved the parent
 */
export async function withStackLock<T>(
  { parent, project, member }: StackLocation,
  options: LockOptions,
  work: (session: StackSession) => Promise<T>,
): Promise<T> {
  checkProjectName(project);
  const { who, evenReserved, signal, onPhase } = options;
  const onWaiting = (holder: LockHolder) => options.onEvent?.(waitingEvent(project, holder));
  onPhase?.({ type: "compose.phase", project, phase: "lock" });
  try {
    return await inQueue({ parent, project, who, onWaiting, signal }, async () => {
      await using session = await openStackSession(
        { parent, project, member },
        { who, evenReserved, onWaiting, signal },
      );
      try {
        return await work(session);
      } catch (error) {
        // What fails after an abort fails for it.
        signal?.throwIfAborted();
        throw error;
      }
    });
  } finally {
    onPhase?.({ type: "compose.phase", project, phase: "end" });
  }
}

interface QueueEntry {
  readonly settled: Promise<void>;
  readonly holder: LockHolder;
}

/** The last call of this process for each stack of one parent: each that waits on the parent would hold a channel there. */
const queues = new WeakMap<Parent, Map<string, QueueEntry>>();

interface QueueRequest extends StackLocation, Omit<LockOptions, "evenReserved" | "onEvent" | "onPhase"> {
  /** Called before a wait for earlier calls, with the last of them. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
}

/** Runs `work` when everything that this process began earlier on that stack is over. */
export async function inQueue<T>(request: QueueRequest, work: () => Promise<T>): Promise<T> {
  const { parent, project, who, signal } = request;
  const queue = queues.get(parent) ?? new Map<string, QueueEntry>();
  queues.set(parent, queue);
  const before = queue.get(project);
  // First: where the listener throws, nothing has begun.
  if (before !== undefined) request.onWaiting?.(before.holder);
  const result = abortable(before?.settled ?? Promise.resolve(), signal).then(work);
  const settled = Promise.allSettled([before?.settled, result]).then(() => {});
  queue.set(project, { settled, holder: { who, since: new Date() } });
  try {
    return await result;
  } finally {
    if (queue.get(project)?.settled === settled) queue.delete(project);
  }
}
