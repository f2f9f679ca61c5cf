import { expect, test } from "vitest";
import { fileName, formatReportFiles } from "./report-files.js";

test.each([
  ["a.test.ts suite > the api answers", "a.test.ts-suite-the-api-answers"],
  ["../../etc/passwd", "etc-passwd"],
  ["...", "unnamed"],
  ["prüft 日本 \u0000\u001b[2J\n", "prüft-日本-2J"],
  ["x".repeat(300), "x".repeat(100)],
])("%j is the file %j", (name, expected) => {
  expect(fileName(name)).toBe(expected);
});

test("paths are shown so that a terminal makes links of them", () => {
  const files = { directory: "/r/p/a b", graph: "/r/p/a b/graph.html", logs: { "p-api-1": "/r/p/a b/p-api-1.log" } };
  expect(formatReportFiles(files)).toBe(
    "graph of the stack: file:///r/p/a%20b/graph.html\n  log of p-api-1: /r/p/a b/p-api-1.log",
  );
});
