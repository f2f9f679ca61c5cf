import { expect, test } from "vitest";
import { parseTimeSpan } from "./option.js";

test.each([
  ["90s", 90_000],
  ["30m", 1_800_000],
  ["2h", 7_200_000],
  ["14d", 1_209_600_000],
  ["1h30m", 5_400_000],
])("%s is %i ms", (text, ms) => {
  expect(parseTimeSpan(text)).toBe(ms);
});

test.each(["", "2", "h", "2 h", "-2h", "1.5h", "2h!", "2w"])("%j is no time", (text) => {
  expect(() => parseTimeSpan(text)).toThrow(/such as 90s/);
});
