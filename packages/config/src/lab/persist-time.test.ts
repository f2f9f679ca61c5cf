import { expect, test } from "vitest";
import { isPersistTime, toPersistMs } from "./persist-time.js";

test.each([
  ["1s", 1000],
  ["10m", 600_000],
  ["24h", 86_400_000],
  ["86400s", 86_400_000],
])("%s is %i ms", (text, ms) => {
  expect(isPersistTime(text)).toBe(true);
  expect(toPersistMs(text)).toBe(ms);
});

test.each(["", "0s", "10", "10 m", "1d", "25h", "86401s", "-1m", "1.5h", "yes", "10M"])("%j is no time", (text) => {
  expect(isPersistTime(text)).toBe(false);
});

test.each([false, null, undefined] as const)("%j keeps nothing", (persist) => {
  expect(toPersistMs(persist)).toBeUndefined();
});
