import { expect, test } from "vitest";
import { formatScores, formatSurvivor, type MutantOutcome, scoreOf, survivorsOf } from "./outcome.js";

const outcome = (status: string, file = "src/a.ts"): MutantOutcome => ({ file, line: 3, status, edit: "Block: {\n}" });
const outcomes = [
  ...["Killed", "Timeout", "Survived", "NoCoverage", "CompileError"].map((status) => outcome(status)),
  outcome("Survived", "src/b.ts"),
  outcome("CompileError", "src/c.ts"),
];

test("a mutant that no test comes to survives, one that never ends is killed, one that was not run is neither", () => {
  expect(scoreOf(outcomes)).toEqual({ all: 7, run: 5, killed: 2 });
  expect(survivorsOf(outcomes)).toHaveLength(3);
});

test("results are a line a file that was mutated, survivors a line with their place and edit", () => {
  expect(formatScores(outcomes)).toEqual(["src/a.ts: 2 of 4 killed", "src/b.ts: 0 of 1 killed"]);
  expect(survivorsOf(outcomes).map((each) => formatSurvivor("packages/x", each))).toEqual([
    "packages/x/src/a.ts:3 Block: { }",
    "packages/x/src/a.ts:3 Block: { } (no test comes there)",
    "packages/x/src/b.ts:3 Block: { }",
  ]);
});
