import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDeadline } from "./deadline.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
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
