import { expect, test } from "vitest";
import type { Bench, Contender, Row } from "./row.js";
import { roundsOf, runRow } from "./run-row.js";

const subject = { name: "otto", handshakeTrips: () => undefined };
const bench = { subjects: [subject], links: new Map() } as unknown as Bench;

function contender(name: string, times: readonly number[], log: string[] = []): Contender {
  return {
    name,
    prepare: ({ index }) => log.push(`${name}${index} prepared`),
    run: async ({ index }) => {
      log.push(`${name}${index}`);
      return { ms: times[index] ?? 0, peakBytes: 100 + index, output: name };
    },
    check: (output) => log.push(`${String(output)} checked`),
  };
}

const rowOf = (ours: Contender, theirs: readonly Contender[], row: Partial<Row> = {}): Row => {
  return { what: "work", cost: "heavy", ours: () => ours, theirs, ...row };
};

test("each contender runs once in a round, the one that starts rotates, and each result is checked", async () => {
  const log: string[] = [];
  await runRow(rowOf(contender("a", [1, 2], log), [contender("b", [2, 4], log)]), bench, 4);
  expect(log.filter((line) => /^.\d$/.test(line)).join(" ")).toBe("a0 b0 b1 a1");
  expect(log.slice(0, 3)).toEqual(["a0 prepared", "a0", "a checked"]);
});

test("a light row has a round that is not timed", async () => {
  const result = await runRow(
    rowOf(contender("a", [99, 1, 2, 3]), [contender("b", [1, 2, 4, 6])], { cost: "light" }),
    bench,
    3,
  );
  expect(result.ours).toEqual({ ms: { median: 2, low: 1, high: 3 }, peakBytes: 103 });
  expect(result.theirs[0]?.ratio).toEqual({ median: 0.5, low: 0.5, high: 0.5 });
});

test("one that fails, or whose result is wrong, says so and does not end the row", async () => {
  const broken: Contender = { ...contender("b", [1]), check: () => Promise.reject(new Error("bytes are missing")) };
  const result = await runRow(rowOf(contender("a", [1, 1]), [broken, contender("c", [2, 2])]), bench, 3);
  expect(result.theirs[0]).toEqual({ name: "b", figures: { failed: "bytes are missing" } });
  expect(result.theirs[1]?.ratio?.median).toBe(0.5);
});

test("another checkout is a reference of its name", async () => {
  const both = { ...bench, subjects: [subject, { ...subject, name: "otto before" }] } as unknown as Bench;
  const result = await runRow(rowOf(contender("otto", [1, 1]), []), both, 3);
  expect(result.theirs.map(({ name, ratio }) => [name, ratio?.median])).toEqual([["otto before", 1]]);
});

test("heavy rows run half as many rounds, and the heaviest one in five", () => {
  expect([undefined, "light", "heavy", "far"].map((cost) => roundsOf(cost as Row["cost"], 5))).toEqual([5, 5, 3, 1]);
});
