import { expect, test } from "vitest";
import { applyRerun, findSurprises, joinResults, type KnownFault, patternOfRed, readResult } from "./results.js";

const file = (name: string, ...statuses: string[]) => ({
  name: `/repo/integration/${name}`,
  status: statuses.every((status) => status === "passed") ? "passed" : "failed",
  assertionResults: statuses.map((status, n) => ({ fullName: `${name} ${n}`, status })),
});

test("a result counts what passed and names what did not, skipped tests too", () => {
  const report = { testResults: [file("a.test.ts", "passed", "failed"), file("b.test.ts", "passed", "skipped")] };
  const failed = ["a.test.ts 1", "b.test.ts 1"];
  expect(readResult(report, 1, "2026-01-31")).toEqual({ date: "2026-01-31", passed: 2, failed });
});

test.each([
  [
    "a file that did not load",
    { testResults: [{ ...file("a.test.ts"), status: "failed" }] },
    1,
    "around the tests of a.test.ts",
  ],
  [
    "a failed tear-down",
    { testResults: [{ ...file("a.test.ts", "passed"), status: "failed" }] },
    1,
    "around the tests of a.test.ts",
  ],
  ["a run that fails with no test red", { testResults: [file("a.test.ts", "passed")] }, 1, "outside of any test"],
  ["a run without a report", undefined, 0, "outside of any test"],
  ["a run of no tests", { testResults: [] }, 0, "outside of any test"],
])("%s is a failure", (_, report, exitCode, name) => {
  expect(readResult(report, exitCode, "").failed).toEqual([name]);
});

test("a suite that ran in parts has what passed and failed in all of them, and the date of the first", () => {
  const parts = [
    { date: "2026-02-01", passed: 2, failed: ["a"] },
    { date: "2026-01-31", passed: 3, failed: ["b", "c"] },
  ];
  expect(joinResults(parts)).toEqual({ date: "2026-01-31", passed: 5, failed: ["a", "b", "c"] });
});

test("red tests that pass when they run again are counted as passed; those that did not run stay red", () => {
  const before = { date: "2026-01-31", passed: 5, failed: ["a.test.ts 0", "a.test.ts 1", "gone"] };
  const after = applyRerun(before, { testResults: [file("a.test.ts", "passed", "failed", "passed")] }, "2026-02-01");
  expect(after).toEqual({ date: "2026-02-01", passed: 6, failed: ["a.test.ts 1", "gone"] });
  expect(applyRerun(before, undefined, "2026-01-31")).toEqual(before);
});

test("the pattern of red tests takes their names alone", () => {
  const pattern = new RegExp(patternOfRed({ date: "", passed: 0, failed: ["a host (ssh) runs [*]", "b"] }));
  expect(["a host (ssh) runs [*]", "b", "a host (ssh) runs [*] too", "ab"].map((name) => pattern.test(name))).toEqual([
    ...[true, true, false, false],
  ]);
});

const fault: KnownFault = { kind: "podman", suite: "hosts", tests: "^logs", fault: "Podman keeps no logs" };
const result = (...failed: string[]) => ({ date: "", passed: 1, failed });

test("red tests that a fault explains are no surprise", () => {
  expect(findSurprises("podman", "hosts", result("logs come", "logs go"), [fault])).toEqual([]);
});

test("a red test without a fault is one, and so is one of another world or suite", () => {
  expect(findSurprises("podman", "hosts", result("logs come", "a"), [fault])).toEqual([
    "podman, hosts: failed, and no known fault: a",
  ]);
  expect(findSurprises("slow", "hosts", result("logs come"), [fault])).toHaveLength(1);
  expect(findSurprises("podman", "cli", result("logs come"), [fault])).toHaveLength(1);
});

test("a fault that nothing shows any more is one", () => {
  expect(findSurprises("podman", "hosts", result(), [fault])).toEqual([
    "podman, hosts: nothing is red that matches ^logs: take it out",
  ]);
  expect(findSurprises("podman", "hosts", result(), [{ ...fault, sometimes: true }])).toEqual([]);
});
