import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startRunningClock } from "./running-clock.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("it counts the time of the process, and little of one that stood still", () => {
  using clock = startRunningClock();
  vi.advanceTimersByTime(90_000);
  expect(clock.now()).toBe(90_000);
  const before = performance.now();
  const still = vi.spyOn(performance, "now").mockImplementation(() => before + 60_000);
  expect(clock.now()).toBe(91_500);
  still.mockRestore();
});

test("disposed, it leaves no timer", () => {
  startRunningClock()[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
});
