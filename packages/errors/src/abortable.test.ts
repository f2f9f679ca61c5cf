import { expect, test } from "vitest";
import { abortable } from "./abortable.js";

const never = new Promise<never>(() => {});

test("work gives its result, with a signal and without", async () => {
  expect(await abortable(Promise.resolve(1), undefined)).toBe(1);
  expect(await abortable(Promise.resolve(2), new AbortController().signal)).toBe(2);
});

test("what the work throws is thrown", async () => {
  const failing = Promise.reject(new TypeError("no"));
  await expect(abortable(failing, new AbortController().signal)).rejects.toThrow(new TypeError("no"));
});

test("an abort ends the wait with its reason, before it and during it", async () => {
  const reason = new Error("enough");
  await expect(abortable(never, AbortSignal.abort(reason))).rejects.toBe(reason);
  const controller = new AbortController();
  const waiting = abortable(never, controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test("what comes after the abort is handed over, and nothing else is", async () => {
  const controller = new AbortController();
  const late: number[] = [];
  await abortable(Promise.resolve(1), controller.signal, (result) => late.push(result));
  const waiting = abortable(Promise.resolve(2), controller.signal, (result) => late.push(result));
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  await expect(abortable(Promise.resolve(3), controller.signal, (result) => late.push(result))).rejects.toMatchObject({
    name: "AbortError",
  });
  await new Promise(setImmediate);
  expect(late).toEqual([2, 3]);
});

test("work that fails after the abort bothers nobody", async () => {
  const controller = new AbortController();
  let fail: (error: Error) => void = () => {};
  const work = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const waiting = abortable(work, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  // Unhandled, it would fail this run.
  fail(new Error("late"));
  await new Promise(setImmediate);
});
