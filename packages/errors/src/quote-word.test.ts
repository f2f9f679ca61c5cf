import { expect, test } from "vitest";
import { quoteCommand, quoteWord } from "./quote-word.js";

test.each([
  ["", "''"],
  ["a b", "'a b'"],
  ["it's", String.raw`'it'\''s'`],
  ["a\\", String.raw`'a'\\''`],
  ["$(id) `id` \n !", "'$(id) `id` \n !'"],
])("%j is quoted as %s", (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});

test("a word with NUL is the caller's mistake", () => {
  expect(() => quoteWord("a\0b")).toThrow(TypeError);
});

test("an argument with NUL and an empty command are the caller's mistakes", () => {
  expect(() => quoteCommand(["a\0b"])).toThrow(TypeError);
  expect(() => quoteCommand([])).toThrow(TypeError);
});
