import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { anySignal, createDeadline, isWithin, startDeadline, startTimer } from "./deadline.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("the time counts from its start, anew after a stop", () => {
  using deadline = createDeadline(1000, undefined);
  const steps: [act: () => void, waitMs: number, passed: boolean][] = [
    [() => {}, 5000, false],
    [() => deadline.start(), 999, false],
    [() => deadline.stop(), 5000, false],
    [() => deadline.start(), 999, false],
    [() => deadline.start(), 1, true],
  ];
  for (const [act, waitMs, passed] of steps) {
    act();
    vi.advanceTimersByTime(waitMs);
    expect([deadline.passed, deadline.signal.aborted]).toEqual([passed, passed]);
  }
});

test("the caller's abort is no time that passed", () => {
  const caller = new AbortController();
  using deadline = createDeadline(1000, caller.signal);
  deadline.start();
  caller.abort();
  vi.advanceTimersByTime(5000);
  expect([deadline.passed, deadline.signal.aborted]).toEqual([false, true]);
});

test("a time longer than a timer takes, or than numbers reach, does not pass at once", () => {
  for (const timeoutMs of [2 ** 31 - 1, 2 ** 31, 3_000_000_000, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
    using deadline = startDeadline(timeoutMs);
    vi.advanceTimersByTime(2 ** 31 - 2);
    expect([timeoutMs, deadline.signal.aborted]).toEqual([timeoutMs, false]);
  }
});

test("a real timer of 2 ** 31 ms is shortened to what Node takes", async () => {
  vi.useRealTimers();
  const fired = await new Promise((resolve) => {
    const long = startTimer(() => resolve("the long one"), 2 ** 31);
    startTimer(() => {
      clearTimeout(long);
      resolve("the short one");
    }, 20);
  });
  expect(fired).toBe("the short one");
});

test("disposed, it leaves no timer and no listener", () => {
  const caller = new AbortController();
  for (let round = 0; round < 100; round += 1) startDeadline(1000, caller.signal)[Symbol.dispose]();
  expect([vi.getTimerCount(), getEventListeners(caller.signal, "abort").length]).toEqual([0, 0]);
});

test("disposed, it begins no more", () => {
  const deadline = startDeadline(1000);
  deadline[Symbol.dispose]();
  deadline.start();
  expect(vi.getTimerCount()).toBe(0);
});

test("the reason is the caller's, the given one, or a TimeoutError", () => {
  const caller = new AbortController();
  const reason = new Error("late");
  using aborted = startDeadline(1000, caller.signal);
  using named = startDeadline(1000, undefined, () => reason);
  using plain = startDeadline(1000);
  caller.abort("enough");
  vi.advanceTimersByTime(1000);
  expect([aborted.signal.reason, named.signal.reason]).toEqual(["enough", reason]);
  expect(plain.signal.reason).toMatchObject({ name: "TimeoutError" });
});

test("any of the signals aborts; none of them is none, one of them is itself", () => {
  const [one, two] = [new AbortController(), new AbortController()];
  expect(anySignal(undefined, undefined)).toBe(undefined);
  expect(anySignal(undefined, one.signal)).toBe(one.signal);
  const either = anySignal(one.signal, undefined, two.signal);
  two.abort("two");
  expect([either.aborted, either.reason, one.signal.aborted]).toEqual([true, "two", false]);
});

test("a garbage collection does not take the deadline", async () => {
  vi.useRealTimers();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const passed = startAndForget();
  for (let round = 0; round < 3; round += 1) {
    await new Promise(setImmediate);
    collect();
  }
  const late = new Promise((resolve) => startTimer(() => resolve("lost"), 2000).unref());
  expect(await Promise.race([passed, late])).toBe("passed");
});

/** As code that waits does it: nothing but the listener refers to the deadline. */
function startAndForget(): Promise<string> {
  const { signal } = startDeadline(200, new AbortController().signal);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve("passed"), { once: true }));
}

test("whether something happens within a time, with no timer left behind", async () => {
  const late = isWithin(new Promise(() => {}), 1000);
  vi.advanceTimersByTime(1000);
  expect(await late).toBe(false);
  expect(await isWithin(Promise.resolve(), 1000)).toBe(true);
  await expect(isWithin(Promise.reject(new Error("broken")), 1000)).rejects.toThrow("broken");
  expect(vi.getTimerCount()).toBe(0);
});

/** Makes this process one that can stand still: time passes, and no timer fires before its end. */
function canStandStill(): (ms: number) => void {
  const count = performance.now.bind(performance);
  let stillMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => count() + stillMs);
  return (ms) => {
    stillMs += ms;
    vi.runOnlyPendingTimers();
  };
}

test.each([50, 500, 4000])("a limit of %i ms does not pass while the process stands still", (timeoutMs) => {
  const standStill = canStandStill();
  using deadline = startDeadline(timeoutMs);
  standStill(60_000);
  expect(deadline.passed).toBe(false);
  vi.advanceTimersByTime(timeoutMs + 1000);
  expect(deadline.passed).toBe(true);
});

test("a limit passes though the process stands still all the time", () => {
  const standStill = canStandStill();
  using deadline = startDeadline(2000);
  for (let round = 0; round < 6; round += 1) standStill(60_000);
  expect(deadline.passed).toBe(true);
});
