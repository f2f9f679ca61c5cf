import { expect, test } from "vitest";
import { columnsOf, formatTable } from "./table.js";

test("columns stand two spaces apart and lines have no space at the end", () => {
  expect(
    formatTable([
      ["a", "bbb", "c"],
      ["aaaa", "b", ""],
      ["x", "y"],
    ]),
  ).toEqual(["a     bbb  c", "aaaa  b", "x     y"]);
});

test("signs that take two columns of a terminal count twice", () => {
  expect(
    formatTable(
      [
        ["日本", "b"],
        ["a", "b"],
      ],
      80,
    ),
  ).toEqual(["日本  b", "a     b"]);
});

test("no rows are no lines", () => {
  expect(formatTable([])).toEqual([]);
});

const rows = [
  ["pepper.shop.api", "running for three days", "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"],
  ["pepper.shop.client", "exited", ""],
];

test.each([
  [85, ["pepper.shop.api     running for three days  0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"]],
  [65, ["pepper.shop.api     running for three days  0.0.0.0:8080->80/tcp…"]],
  [50, ["pepper.shop.api     running for t…  0.0.0.0:8080-…"]],
  [20, ["pepper.shop.api     running…  0.0.0.0…"]],
])("in %i columns the widest is cut, but not the first, nor to nothing", (columns, [line]) => {
  expect(formatTable(rows, columns)).toEqual([line, expect.stringMatching(/^pepper\.shop\.client {2}exited$/)]);
});

test("the last cell of a row that is shorter runs over the rest of the line, whole", () => {
  const lines = formatTable([...rows, ["gate", "error: it does not answer, and that takes a long line to say"]], 50);
  expect(lines[0]).toHaveLength(50);
  expect(lines[2]).toBe("gate                error: it does not answer, and that takes a long line to say");
});

test("nothing is cut where no terminal is", () => {
  expect(formatTable(rows, columnsOf({ columns: 20 }))).toEqual(formatTable(rows));
  expect(columnsOf({ isTTY: true, columns: 20 })).toBe(20);
  // As a terminal without a size has it.
  expect(columnsOf({ isTTY: true, columns: 0 })).toBeUndefined();
});
