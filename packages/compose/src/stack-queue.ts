import { abortable } from "@otto/errors";
import type { Parent } from "@otto/hosts";

/** Turns of this process at the stacks of one parent: each that waits on the parent would hold a channel there. */
const turns = new WeakMap<Parent, Map<string, Promise<void>>>();

/**
 * Runs `work` when everything that this process began earlier on that stack is over.
 * @param place.signal ends the wait
 */
export async function inTurn<T>(
  { parent, project, signal }: { parent: Parent; project: string; signal: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const queue = turns.get(parent) ?? new Map<string, Promise<void>>();
  turns.set(parent, queue);
  const before = queue.get(project) ?? Promise.resolve();
  const result = abortable(before, signal).then(work);
  const settled = Promise.allSettled([before, result]).then(() => {});
  queue.set(project, settled);
  try {
    return await result;
  } finally {
    if (queue.get(project) === settled) queue.delete(project);
  }
}
