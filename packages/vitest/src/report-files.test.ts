import { expect, test } from "vitest";
import { fileName, formatReportFiles } from "./report-files.js";

test.each([
  ["a.test.ts the api answers", "a.test.ts-the-api-answers"],
  ["shop-api-1", "shop-api-1"],
  ["a.test.ts suite > the api answers", "a.test.ts-suite-the-api-answers-HASH"],
  ["../../etc/passwd", "etc-passwd-HASH"],
  ["...", "unnamed-HASH"],
  ["prüft 日本 \u0000\u001b[2J\n", "prüft-日本-2J-HASH"],
  ["x".repeat(300), `${"x".repeat(100)}-HASH`],
])("%j is the file %j", (name, expected) => {
  expect(fileName(name).replace(/-[0-9a-f]{8}$/, "-HASH")).toBe(expected);
});

test("texts of which file systems take the same have files of their own", () => {
  const long = "x".repeat(100);
  const names = ["handles +", "handles -", "handles", `${long}1`, `${long}2`, "a/b", "a:b"].map(fileName);
  expect(new Set(names).size).toBe(names.length);
});

test("paths are shown so that a terminal makes links of them", () => {
  const files = { directory: "/r/p/a b", graph: "/r/p/a b/graph.html", logs: { "p-api-1": "/r/p/a b/p-api-1.log" } };
  expect(formatReportFiles(files)).toBe(
    "graph of the stack: file:///r/p/a%20b/graph.html\n  log of p-api-1: /r/p/a b/p-api-1.log",
  );
});
