import { expect, test } from "vitest";
import { replaceRows } from "./score-table.js";

const page = "a\n<!-- mutants: pnpm mutation --write -->\n<!-- /mutants -->\nb\n";
const row = { name: "hashing", files: 12, all: 1000, run: 60, killed: 45 };
const compose = { name: "compose-files", files: 3, all: 2, run: 0, killed: 0 };

test("rows are written in the place of older ones of the same package, and others stay", () => {
  const first = replaceRows(page, [row, compose]);
  expect(first.split("\n").filter((line) => line.startsWith("| "))).toEqual([
    "| package       | pure files | mutants, run | killed by unit tests |",
    "| ------------- | ---------- | ------------ | -------------------- |",
    "| hashing       | 12         | 1000, 60     | 45 (75 %)            |",
    "| compose-files | 3          | 2, 0         | 0 (100 %)            |",
  ]);
  const second = replaceRows(first, [{ ...row, killed: 60 }]);
  expect(second).toBe(first.replace("45 (75 %) ", "60 (100 %)"));
});

test("a page without a table is an error", () => {
  expect(() => replaceRows("a", [row])).toThrow("the page has no table");
});
