import { expect, test } from "vitest";
import type { AreaResult } from "./result.js";
import { formatBytes, formatMs, formatRatio, formatTable } from "./table.js";

const ms = (median: number) => ({ median, low: median, high: median });
const run = { date: "2026-01-02", command: "pnpm bench x", rounds: 3, machine: "2 cores", load: 0.1, versions: {} };

const result: AreaResult = {
  run,
  rows: [
    {
      what: "work",
      link: "direct-50",
      rounds: 3,
      ours: { ms: ms(9), upBytes: 10, handshakes: 1, roundTrips: 12, tripsAfterHandshake: 3 },
      theirs: [
        { name: "a | b", figures: { ms: ms(90), upBytes: 2_000_000 }, ratio: { median: 0.1, low: 0.09, high: 0.5 } },
        { name: "before", figures: { failed: "no\nfunction | `x`" } },
      ],
    },
    { what: "else", link: "bastion", rounds: 3, ours: { ms: ms(12_345) }, theirs: [] },
  ],
};

const squeeze = (table: string) => table.replace(/ {2,}/g, " ").replace(/-{3,}/g, "---");

test("a row has one line for each reference, and no column is empty", () => {
  const targets = [{ area: "x", what: "work", against: "a | b", ratio: 0.05 }];
  const trips = "12 (3 after the handshake) / -";
  expect(squeeze(formatTable(result, { area: "x", targets })).split("\n")).toEqual([
    "| what | link | otto | against | theirs | ratio (spread) | target | up | handshakes | round trips |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    `| work | direct, 50 ms | 9.00 ms | a \\| b | 90 ms | 0.10 (0.090 to 0.50) | ≤ 0.05 x: missed | 10 B / 2.0 MB | 1 / - | ${trips} |`,
    `| work | direct, 50 ms | 9.00 ms | before | not measured: no function x | | | 10 B / - | 1 / - | ${trips} |`,
    "| else | bastion | 12.3 s | | | | | | | |",
  ]);
});

test("columns are of one width", () => {
  const lines = formatTable(result, { area: "x", targets: [] }).split("\n");
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test("links can be chosen", () => {
  expect(formatTable(result, { area: "x", targets: [], links: ["bastion"] })).not.toContain("work");
});

test("figures are as short as they may be", () => {
  expect([1.234, 12.34, 999, 1234, 12_345].map(formatMs)).toEqual(["1.23 ms", "12 ms", "999 ms", "1.23 s", "12.3 s"]);
  expect([1.4, 1500, 2_500_000].map(formatBytes)).toEqual(["1 B", "1.5 kB", "2.5 MB"]);
  expect(formatRatio({ median: 0.051, low: 0.05, high: 2 })).toBe("0.051 (0.050 to 2.00)");
});
