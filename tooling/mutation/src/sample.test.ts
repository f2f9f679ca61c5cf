import { expect, test } from "vitest";
import { sample } from "./sample.js";

const items = Array.from({ length: 1000 }, (_, index) => index);

test("a seed gives the same items in their order, another seed others", () => {
  const chosen = sample(items, { seed: 7, count: 50 });
  expect(chosen).toEqual(sample(items, { seed: 7, count: 50 }));
  expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
  expect(chosen).toHaveLength(50);
  expect(chosen).not.toEqual(sample(items, { seed: 8, count: 50 }));
});

test("items come from the whole list, and all of them when as many are wanted", () => {
  const chosen = sample(items, { seed: 1, count: 50 });
  expect(chosen.some((item) => item < 200) && chosen.some((item) => item >= 800)).toBe(true);
  expect(sample(items, { seed: 1, count: 2000 })).toEqual(items);
});
