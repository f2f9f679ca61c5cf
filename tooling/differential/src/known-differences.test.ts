import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTable, writeTable } from "./difference-table.js";
import { knownDifferences } from "./known-differences.js";
import { verbs } from "./verbs/index.js";

test("the README shows the table that pnpm docs:write would write", () => {
  const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
  expect(knownDifferences.length).toBeGreaterThan(5);
  expect(readTable(readme)).toBe(readTable(writeTable(readme, knownDifferences)));
});

test("each row is of a verb that there is, and no two rows say the same", () => {
  const names = verbs.map(({ name }) => name);
  expect(knownDifferences.filter(({ verb }) => !names.includes(verb))).toEqual([]);
  expect(new Set(knownDifferences.map(({ difference }) => difference)).size).toBe(knownDifferences.length);
});

test("no row takes in a difference of two plain facts", () => {
  const difference = { fact: "entry a", ours: "file x", reference: "file y" };
  const outcome = { ours: { "entry a": "file x" }, reference: { "entry a": "file y" } };
  const input = { lines: [], included: [], values: [], dotenv: "", source: [], before: [] };
  const matching = knownDifferences.filter((row) => row.matches({ verb: row.verb, input, outcome, difference }));
  expect(matching).toEqual([]);
});
