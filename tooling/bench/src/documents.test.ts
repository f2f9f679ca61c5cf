import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { areas } from "./areas/index.js";
import { formatPage, listReadmes, replaceTables } from "./documents.js";
import type { Results } from "./result.js";
import { targets } from "./targets.js";

const root = resolve(import.meta.dirname, "../../..");
const results = JSON.parse(readFileSync(join(root, "tooling/bench/results.json"), "utf8")) as Results;

test("a text gets the tables that its markers name, and keeps the rest", () => {
  const text = "a\n\n<!-- bench:exec -->\n\nold\n\n<!-- /bench -->\n\nb\n";
  const replaced = replaceTables(text, {}, []);
  expect(replaced).toBe("a\n\n<!-- bench:exec -->\n\nNot measured yet.\n\n<!-- /bench -->\n\nb\n");
  expect(replaceTables(replaced, {}, [])).toBe(replaced);
});

test("docs/benchmarks.md is that of the newest results", () => {
  expect(readFileSync(join(root, "docs/benchmarks.md"), "utf8")).toBe(formatPage(areas, results, targets));
});

test("the tables of every README are those of the newest results", () => {
  const texts = listReadmes(root).map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const stale = texts.filter(({ text }) => replaceTables(text, results, targets) !== text);
  expect(stale.map(({ path }) => path)).toEqual([]);
});

test("each area has a table in one README", () => {
  const markers = listReadmes(root).flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/<!-- bench:(.*) -->/g)].map(([, area]) => area),
  );
  expect(markers.toSorted()).toEqual(areas.map(({ name }) => name).toSorted());
});

test("each target of a measured area is of one of its rows", () => {
  const known = Object.entries(results).flatMap(([area, { rows }]) =>
    rows.flatMap(({ what, theirs }) => {
      return [undefined, ...theirs.map(({ name }) => name)].map((name) => `${area}, ${what}, ${name}`);
    }),
  );
  const unknown = targets
    .filter(({ area }) => results[area] !== undefined)
    .map(({ area, what, against }) => `${area}, ${what}, ${against}`)
    .filter((target) => !known.includes(target));
  expect(unknown).toEqual([]);
});

test("each target is of an area", () => {
  const names = areas.map(({ name }) => name);
  expect(targets.filter(({ area }) => !names.includes(area))).toEqual([]);
});
