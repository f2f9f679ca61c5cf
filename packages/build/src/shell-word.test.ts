// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile writes its variables like this.
import { expect, test } from "vitest";
import { expandWord, notKnown, splitWords, type VariableValue } from "./shell-word.js";

const values: Readonly<Record<string, VariableValue>> = { A: "a", E: "", U: notKnown };
const scope = { escapeCharacter: "\\", valueOf: (name: string): VariableValue => values[name] };

test.each([
  ["x", "x"],
  ["$A-${A}b$A_", "a-ab"],
  ["${A:-x}${E:-x}${E-x}${N:-x}${N-$A}", "axxa"],
  ["${A:+x}${E:+x}${E+y}${N+x}", "xy"],
  ["${N:-${E:-z}}", "z"],
  ["${A:-$U}${N:+$U}", "a"],
  ["${A:?no}", "a"],
  ["'$A'\"$A\"", "$Aa"],
  ["\\$A\\\\\\x", "$A\\x"],
  ['"\\$A\\x"', "$A\\x"],
  ["$", "$"],
  ["$1x", "x"],
  ["a$/b", "a$/b"],
])("%s is %j", (word, text) => {
  expect(expandWord(word, scope)).toEqual({ text, unknown: undefined });
});

test.each([
  ["x$U", "$U"],
  ["${U:-x}", "$U"],
  ["${N:-$U}", "$U"],
  ["${A#x}", "${A#x}"],
  ["${A/a/b}", "${A/a/b}"],
  ["${N:?no}", "${N:?"],
  ["${A", "${A"],
  ["${A:-x", "${"],
  ["'a", "'"],
  ['"a', '"'],
  ["x".repeat(5000), "a text of this length"],
])("what %s is cannot be known because of %s", (word, unknown) => {
  expect(expandWord(word, scope).unknown).toBe(unknown);
});

test.each<[string, string[]]>([
  ["A=b  C=d", ["A=b", "C=d"]],
  [`A="b c" D='e\\' F=g`, ['A="b c"', "D='e\\'", "F=g"]],
  ["A=b\\ c D", ["A=b\\ c", "D"]],
  ["", []],
])("%s is split into %j", (text, words) => {
  expect(splitWords(text, "\\")).toEqual(words);
});
