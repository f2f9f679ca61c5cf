import fc from "fast-check";
import { expect, test } from "vitest";
import { formatFinding, formatTallies, isRed } from "./report.js";
import { type Finding, inputOf, search } from "./search.js";
import type { Facts, Verb } from "./verb.js";

/** Squares numbers; otto's side is wrong from 10 on. */
const square: Verb<readonly number[]> = {
  name: "square",
  reference: "bc",
  inputs: fc.array(fc.nat(50), { minLength: 1, maxLength: 9 }),
  batch: 2,
  open: async () => ({
    compareAll: async (inputs) =>
      inputs.map((numbers) => ({
        ours: factsOf(numbers, (number) => (number < 10 ? number ** 2 : -1)),
        reference: factsOf(numbers, (number) => number ** 2),
      })),
    [Symbol.asyncDispose]: async () => undefined,
  }),
};

function factsOf(numbers: readonly number[], work: (number: number) => number): Facts {
  return Object.fromEntries(numbers.map((number) => [`square of ${number}`, `${work(number)}`]));
}

async function searchFor(verb: Verb, seed: number, cases: number) {
  const findings: Finding[] = [];
  const tallies = await search([verb as Verb], {
    seed,
    goesOn: (done) => done < cases,
    onFinding: (finding) => findings.push(finding),
    shrinkMs: 10_000,
  });
  return { findings, tallies };
}

test("a difference is found, made smaller, and repeated alone by its seed", async () => {
  const { findings, tallies } = await searchFor(square as Verb, 7, 20);
  expect(tallies).toMatchObject([{ verb: "square", cases: 20 }]);
  expect(isRed(tallies)).toBe(true);
  expect(findings.map(({ input }) => input)).toContainEqual([10]);
  const [{ seed, input } = { seed: 0, input: [] }] = findings;
  const again = await searchFor(square as Verb, seed, 1);
  expect(again.findings.map((finding) => finding.input)).toEqual([input]);
  expect(formatFinding(again.findings[0] as Finding)).toContain(`pnpm differential square --seed ${seed} --cases 1`);
});

test("a seed gives the same input every time", () => {
  expect(inputOf(square.inputs, 5)).toEqual(inputOf(square.inputs, 5));
  expect(inputOf(square.inputs, 5)).not.toEqual(inputOf(square.inputs, 6));
});

test("a search that compared nothing is red, and says so", async () => {
  const refusing: Verb = {
    ...(square as Verb),
    open: async () => ({
      compareAll: async (inputs) => inputs.map(() => ({ ours: { refused: "yes" }, reference: { refused: "yes" } })),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
  const { tallies } = await searchFor(refusing, 1, 3);
  expect(isRed(tallies)).toBe(true);
  expect(formatTallies(tallies, 1)).toContain(
    "square: 3 cases, 3 facts, 3 refused by both, 0 new differences; NOTHING",
  );
});
