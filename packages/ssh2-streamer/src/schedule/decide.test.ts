import { expect, test } from "vitest";
import { chooseHolder, isStuck, type Lifetime } from "./decide.js";

// "4: s2 l3 y1" is a connection with a limit of 4 that holds two short sessions and three long ones, one of which yields.
function parse(text: string) {
  return text.split(",").map((part) => {
    const count = (letter: string) => Number(new RegExp(`${letter}(\\d+)`).exec(part)?.[1] ?? 0);
    const limit = part.trim().startsWith("?") ? Number.POSITIVE_INFINITY : Number.parseInt(part, 10);
    return { limit, short: count("s"), long: count("l"), urgent: count("u"), yielding: count("y") };
  });
}

test.each<[string, Lifetime, number | undefined]>([
  ["?: s9 l9", "long", 0],
  ["1:", "short", 0],
  ["1: s1", "short", undefined],
  ["1:", "long", undefined],
  ["1:, 1:", "long", 0],
  ["1: l1, 1:", "long", undefined],
  ["1: l1, 1:", "short", 1],
  ["4: l2", "long", 0],
  ["4: l3", "long", undefined],
  ["4: l3", "short", 0],
  ["4: s4, 4: l2", "long", 1],
  ["2: s1 u1, 2: s1", "urgent", 1],
])("on [%s] a %s session goes to %s", (holders, lifetime, index) => {
  expect(chooseHolder(parse(holders), lifetime)).toBe(index);
});

test.each<[string, Lifetime, boolean]>([
  ["1: l1", "short", true],
  ["1: s1", "short", false],
  ["2: l1 s1", "short", false],
  ["2: l2, 1: l1", "short", true],
  ["2: l2, 1: l1 y1", "short", false],
  ["1: l1 y1", "short", true],
  ["2: l2, 1:", "short", false],
  ["1: s1", "long", true],
  ["1:, 1: l1", "long", false],
  ["4: l3", "long", false],
])("on [%s] a waiting %s session is stuck: %s", (holders, lifetime, stuck) => {
  expect(isStuck(parse(holders), new Set([lifetime]))).toBe(stuck);
});
