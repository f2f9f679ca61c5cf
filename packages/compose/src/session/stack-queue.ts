import { abortable } from "@otto/errors";
import type { LockHolder, Parent } from "@otto/hosts";

interface Turn {
  readonly settled: Promise<void>;
  readonly holder: LockHolder;
}

/** The last turn of this process at each stack of one parent: each that waits on the parent would hold a channel there. */
const turns = new WeakMap<Parent, Map<string, Turn>>();

export interface TurnRequest {
  readonly parent: Parent;
  readonly project: string;
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  /** Called before a wait for an earlier one, with the last of them. */
  readonly onWaiting?: ((holder: LockHolder) => void) | undefined;
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined;
}

/** Runs `work` when everything that this process began earlier on that stack is over. */
export async function inTurn<T>(request: TurnRequest, work: () => Promise<T>): Promise<T> {
  const { parent, project, who, signal } = request;
  const queue = turns.get(parent) ?? new Map<string, Turn>();
  turns.set(parent, queue);
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
