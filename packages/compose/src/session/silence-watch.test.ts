import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchSilence } from "./silence-watch.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const longMs = 60_000;

test("nothing is asked before the abort; who answers is asked again and again", async () => {
  const controller = new AbortController();
  let asked = 0;
  using watch = watchSilence(controller.signal, () => {
    asked += 1;
    watch.hear();
  });
  await vi.advanceTimersByTimeAsync(longMs);
  expect(asked).toBe(0);
  controller.abort();
  await vi.advanceTimersByTimeAsync(longMs);
  expect([asked > 2, watch.isFound]).toEqual([true, false]);
});

test("who does not answer is silent, also when it did before", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  let answers = 3;
  using watch = watchSilence(controller.signal, () => {
    answers -= 1;
    if (answers >= 0) watch.hear();
  });
  controller.abort(reason);
  await vi.advanceTimersByTimeAsync(longMs);
  await expect(watch.found).rejects.toBe(reason);
  expect([answers, watch.isFound]).toEqual([-1, true]);
});

test("an answer that waits to be read when the time is over counts", async () => {
  vi.useRealTimers();
  const controller = new AbortController();
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  using watch = watchSilence(controller.signal, () => {});
  controller.abort();
  vi.runOnlyPendingTimers();
  watch.hear();
  await new Promise(setImmediate);
  expect(watch.isFound).toBe(false);
});
