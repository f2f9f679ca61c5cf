import { expect, test } from "vitest";
import { runSideBySide } from "./schedule.js";

/** Runs tasks that end when they are told to. */
function open(keys: readonly string[], limit: number) {
  const started: number[] = [];
  const ends = new Map<number, () => void>();
  const all = runSideBySide(keys, limit, (task) => {
    started.push(task);
    return new Promise((resolve) => ends.set(task, resolve));
  });
  const end = async (task: number) => {
    ends.get(task)?.();
    await new Promise(setImmediate);
  };
  return { started, end, all };
}

test("tasks run in their order, no more at once than the limit", async () => {
  const { started, end, all } = open(["a", "b", "c"], 2);
  expect(started).toEqual([0, 1]);
  await end(1);
  expect(started).toEqual([0, 1, 2]);
  await end(0);
  await end(2);
  await all;
});

test("of one key one runs at a time, and others go before it", async () => {
  const { started, end, all } = open(["a", "a", "b", "b", "c"], 3);
  expect(started).toEqual([0, 2, 4]);
  await end(4);
  expect(started).toEqual([0, 2, 4]);
  await end(2);
  expect(started).toEqual([0, 2, 4, 3]);
  await end(0);
  expect(started).toEqual([0, 2, 4, 3, 1]);
  await end(1);
  await end(3);
  await all;
});

test("nothing is nothing", async () => {
  const { started, all } = open([], 4);
  await all;
  expect(started).toEqual([]);
});
