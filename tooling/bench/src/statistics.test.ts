import { expect, test } from "vitest";
import { median, ratioOf, rotate, spreadOf } from "./statistics.js";

test("the median is the middle one, or between the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 9, 2])).toBe(3);
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
  expect(() => median([])).toThrow("nothing was measured");
});

test("a ratio is that of each round, so that what slows a round slows both", () => {
  expect(ratioOf([1, 100, 3], [2, 200, 6])).toEqual({ median: 0.5, low: 0.5, high: 0.5 });
  expect(ratioOf([1, 2, 9], [1, 1, 3])).toEqual({ median: 2, low: 1, high: 3 });
  expect(() => ratioOf([1], [1, 2])).toThrow("1 rounds against 2");
});

test("the entry that comes first rotates", () => {
  expect([0, 1, 2, 3].map((round) => rotate(["a", "b", "c"], round).join(""))).toEqual(["abc", "bca", "cab", "abc"]);
  expect(rotate([], 3)).toEqual([]);
});
