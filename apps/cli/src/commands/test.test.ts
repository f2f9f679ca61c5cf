import { expect, test } from "vitest";
import { vitestArguments } from "./test.js";

test.each([
  [[], ["run"]],
  [
    ["a.test.ts", "-t", "name"],
    ["run", "a.test.ts", "-t", "name"],
  ],
  [["--watch"], ["--watch"]],
  [
    ["related", "src/a.ts"],
    ["related", "src/a.ts"],
  ],
])("vitest gets %j as %j", (words, expected) => {
  expect(vitestArguments(words)).toEqual(expected);
});
