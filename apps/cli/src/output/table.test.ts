import { expect, test } from "vitest";
import { formatTable } from "./table.js";

test("columns stand two spaces apart and lines have no space at the end", () => {
  expect(
    formatTable([
      ["a", "bbb", "c"],
      ["aaaa", "b", ""],
      ["x", "y"],
    ]),
  ).toEqual(["a     bbb  c", "aaaa  b", "x     y"]);
});

test("no rows are no lines", () => {
  expect(formatTable([])).toEqual([]);
});
