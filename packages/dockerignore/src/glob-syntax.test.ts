import { expect, test } from "vitest";
import { isGlob, matchesGlob } from "./glob-syntax.js";

test.each([
  "",
  "a",
  "*",
  "**",
  "a/**/b",
  "[a]",
  "[^a]",
  "[a-c]",
  "[\\]]",
  "[\\-a]",
  "\\a",
  "]",
  "a]",
  "[[]",
  "[z-a]",
  "a|b",
  "[.]",
])("%j is a pattern", (pattern) => {
  expect(isGlob(pattern)).toBe(true);
});

test.each([
  "[",
  "[a",
  "[]",
  "[]a]",
  "[^]",
  "[-]",
  "[a-]",
  "[a-",
  "a\\",
  "[\\",
  "x/[a-]",
  "*[",
  "?[",
  ".[",
  ".*[",
  "a[*",
])("%j is malformed", (pattern) => {
  expect(isGlob(pattern)).toBe(false);
});

test.each(["a*[", "x*/[a-]", "*a*[", "?a*["])("%j is malformed where nobody looks", (pattern) => {
  expect(isGlob(pattern)).toBe(true);
});

test.each([
  ["a", "a", true],
  ["*", "abc", true],
  ["*", "a/b", false],
  ["*.c", "a.b.c", true],
  ["a*b*c", "axbxbc", true],
  ["a*b?c", "abbc", true],
  ["a?", "a", false],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[b-c]", "a", false],
  ["[b-c]", "b", true],
  ["[b-c]", "c", true],
  ["[b-c]", "d", false],
  ["\\*", "*", true],
  ["[a", "a", false],
  ["😀?", "😀é", true],
])("%j matches %j: %s", (pattern, name, matches) => {
  expect(matchesGlob(pattern, name)).toBe(matches);
});
