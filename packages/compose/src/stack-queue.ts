import type { Parent } from "@otto/hosts";

/** Turns of this process at the stacks of one parent: each that waits on the parent would hold a channel there. */
const turns = new WeakMap<Parent, Map<string, Promise<void>>>();

/** Runs `work` when everything that this process began earlier on that stack is over. */
export async function inTurn<T>(parent: Parent, project: string, work: () => Promise<T>): Promise<T> {
  const queue = turns.get(parent) ?? new Map<string, Promise<void>>();
  turns.set(parent, queue);
  const before = queue.get(project) ?? Promise.resolve();
  const result = before.then(work);
  const settled = result.then(
    () => {},
    () => {},
  );
  queue.set(project, settled);
  try {
    return await result;
  } finally {
    if (queue.get(project) === settled) queue.delete(project);
  }
}
