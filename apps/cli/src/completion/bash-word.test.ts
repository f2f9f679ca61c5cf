import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteWord, unquoteWord } from "./bash-word.js";

test.each([
  ["plain", "plain"],
  ["a\\ b", "a b"],
  ["'a b", "a b"],
  ["'a $b'", "a $b"],
  ['"a \\$b', "a $b"],
])("%s is read as %s", (typed, word) => {
  expect(unquoteWord(typed)).toBe(word);
});

const answer = fc.string({ minLength: 1, unit: "grapheme" }).filter((it) => !/\p{Cc}/u.test(it));

test("what is typed for an answer is read as that answer again", () => {
  const isReadAgain = fc.property(answer, (it) => {
    expect(unquoteWord(quoteWord(it, "") ?? "")).toBe(it);
  });
  fc.assert(isReadAgain);
});

test("bash reads it so too, and runs nothing of it", () => {
  const names = ["$(echo x)", "a'b", 'a"b', "a\\b", "a;b", "!x", "*", "[a]", "{a,b}", "#a", "<>|&", "ü ß", "`x`"];
  const line = names.map((name) => quoteWord(name, "")).join(" ");
  const out = execFileSync("bash", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" });
  expect(out.trimEnd().split("\n")).toEqual(names);
});

test("within an open quote an answer is left out when it would end or be evaluated there", () => {
  expect([quoteWord("a b", "'a"), quoteWord("it's", "'"), quoteWord("$x", '"')]).toEqual(["a b", undefined, undefined]);
});
