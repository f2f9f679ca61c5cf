import { expect, test } from "vitest";
import { isGlob } from "./glob-syntax.js";

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
