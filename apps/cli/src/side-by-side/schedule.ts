/**
 * Runs tasks in their order, as many at once as `limit` allows, but one at a time of those with the same key.
 * @param run of a task's number; it never rejects
 */
export async function runSideBySide(
  keys: readonly string[],
  limit: number,
  run: (task: number) => Promise<void>,
): Promise<void> {
  const waiting = new Set(keys.keys());
  const busy = new Set<string>();
  const findNext = () => [...waiting].find((task) => !busy.has(keys[task] ?? ""));
  const work = async () => {
    for (let task = findNext(); task !== undefined; task = findNext()) {
      const key = keys[task] ?? "";
      waiting.delete(task);
      busy.add(key);
      await run(task);
      busy.delete(key);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, new Set(keys).size) }, work));
}
