import { expect, test } from "vitest";
import { findMisses, findTargetsWithoutRow, formatTarget, missesOf, type Target, targetsOf } from "./check-targets.js";
import type { RowResult } from "./result.js";

const ms = (median: number) => ({ median, low: median, high: median });

const run = { date: "", command: "", rounds: 1, machine: "", load: 0, versions: {} };

const row: RowResult = {
  what: "no change",
  link: "direct-50",
  rounds: 3,
  ours: { ms: ms(120), roundTrips: 12, tripsAfterHandshake: 3, peakBytes: 90e6 },
  theirs: [
    { name: "docker", figures: { ms: ms(600) }, ratio: { median: 0.2, low: 0.1, high: 0.9 } },
    { name: "broken", figures: { failed: "exit code 1" } },
  ],
};

test.each<[string, Omit<Target, "area" | "what">, readonly string[] | undefined]>([
  ["a ratio that holds", { against: "docker", ratio: 0.2 }, []],
  ["a ratio that does not", { against: "docker", ratio: 0.19 }, ["ratio: 0.2, the target is 0.19"]],
  ["a difference", { against: "docker", moreMs: -500 }, ["ms more: -480, the target is -500"]],
  ["a time", { ms: 100 }, ["ms: 120, the target is 100"]],
  ["round trips", { roundTripsAfterHandshake: 2 }, ["round trips after the handshake: 3, the target is 2"]],
  ["memory", { peakBytes: 90e6 }, []],
  ["a reference that failed", { against: "broken", ratio: 1 }, undefined],
  ["a reference that is not there", { against: "else", ratio: 1 }, undefined],
])("%s", (_, target, misses) => {
  expect(missesOf({ area: "build", what: "no change", ...target }, row)).toEqual(misses);
});

test.each<[string, Omit<Target, "area" | "what">]>([
  ["round trips", { roundTripsAfterHandshake: 3 }],
  ["memory", { peakBytes: 90e6 }],
  ["one figure of two", { ms: 120, peakBytes: 90e6 }],
])("a target is not met where its figure was not measured: %s", (_, target) => {
  const bare = { ...row, ours: { ms: ms(120) } };
  expect(missesOf({ area: "build", what: "no change", ...target }, row)).toEqual([]);
  expect(missesOf({ area: "build", what: "no change", ...target }, bare)).toBeUndefined();
});

test("targets are found by area, row, link and reference", () => {
  const targets: Target[] = [
    { area: "build", what: "no change", ms: 1 },
    { area: "build", what: "no change", link: "direct", ms: 2 },
    { area: "build", what: "no change", link: "direct-50", against: "docker", ratio: 3 },
    { area: "exec", what: "no change", ms: 4 },
  ];
  expect(targetsOf(targets, "build", row, undefined).map(formatTarget)).toEqual(["≤ 1 ms"]);
  expect(targetsOf(targets, "build", row, "docker").map(formatTarget)).toEqual(["≤ 3 x"]);
});

test("what is missed or was not measured is listed once", () => {
  const targets: Target[] = [
    { area: "build", what: "no change", ms: 100 },
    { area: "build", what: "no change", against: "docker", ratio: 1 },
    { area: "build", what: "no change", against: "broken", ratio: 1 },
    { area: "build", what: "no change", against: "absent", ratio: 1 },
    { area: "build", what: "no change", link: "direct", against: "absent", ratio: 1 },
  ];
  expect(findMisses(targets, "build", { run, rows: [row] })).toEqual([
    "build, no change (direct-50): ms: 120, the target is 100",
    "build, no change (direct-50) against broken: it was not measured",
    "build, no change (direct-50) against absent: it was not measured",
  ]);
  expect(findMisses(targets, "build", { run, rows: [{ ...row, ours: { failed: "no such API" } }] })).toHaveLength(4);
});

test("a target that no row is about is listed", () => {
  const targets: Target[] = [
    { area: "build", what: "no change", ms: 100 },
    { area: "build", what: "no change", link: "direct", ms: 100 },
    { area: "build", what: "first build", against: "docker", ratio: 1 },
    { area: "exec", what: "first build", ms: 100 },
  ];
  expect(findTargetsWithoutRow(targets, "build", { run, rows: [row] })).toEqual([
    "build, no change (direct): it was not measured",
    "build, first build against docker: it was not measured",
  ]);
});
