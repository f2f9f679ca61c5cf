import { expect, test } from "vitest";
import { nearestWord } from "./nearest-word.js";

test.each([
  ["dokerfile", ["dockerfile", "context"], "dockerfile"],
  ["NAME", ["name"], "name"],
  ["nmae", ["name"], "name"],
  ["tow", ["one", "two"], "two"],
  ["nam", ["mame", "name"], "name"],
  ["xyz", ["dockerfile", "context"], undefined],
  ["a", [], undefined],
])("nearestWord(%j, %j) is %j", (word, candidates, expected) => {
  expect(nearestWord(word, candidates)).toBe(expected);
});
