import { type Arbitrary, asyncProperty, check, sample } from "fast-check";
import { isKnown, knownDifferences } from "./known-differences.js";
import { type Bench, compareFacts, type Difference, type Outcome, type Verb } from "./verb.js";

/** What a search of one verb has seen. */
export interface Tally {
  readonly verb: string;
  cases: number;
  /** Facts that the reference gave. */
  facts: number;
  /** Cases that both sides refuse. */
  refused: number;
  /** Rows of the table that were met, and how often. */
  readonly known: Map<string, number>;
  /** Cases with a difference that is in no row. */
  fresh: number;
}

/** A case with a difference that no row of the table explains. */
export interface Finding {
  readonly verb: string;
  /** `--seed` that repeats it alone, with `--cases 1`. */
  readonly seed: number;
  readonly input: unknown;
  readonly differences: readonly Difference[];
}

export interface SearchOptions {
  /** Seed of the first case; each further one has the next. */
  readonly seed: number;
  /** Whether to begin another batch of a verb that has had so many cases. */
  readonly goesOn: (cases: number) => boolean;
  readonly onFinding: (finding: Finding) => void;
  /** How long a finding is made smaller. Milliseconds; 0: not at all. */
  readonly shrinkMs: number;
}

// More say nothing new of a fault.
const maxFindings = 5;

/** Compares the verbs in turns until each has had enough. */
export async function search(verbs: readonly Verb[], options: SearchOptions): Promise<readonly Tally[]> {
  const tallies = verbs.map(({ name }) => ({ verb: name, cases: 0, facts: 0, refused: 0, known: new Map(), fresh: 0 }));
  const opened = await openAll(verbs);
  try {
    for (let wentOn = true; wentOn; ) {
      wentOn = false;
      for (const [index, { verb, bench }] of opened.entries()) {
        const tally = tallies[index];
        if (tally === undefined || !options.goesOn(tally.cases)) continue;
        await searchBatch(verb, bench, tally, options);
        wentOn = true;
      }
    }
  } finally {
    for (const { bench } of opened) await bench[Symbol.asyncDispose]();
  }
  return tallies;
}

async function openAll(verbs: readonly Verb[]): Promise<{ verb: Verb; bench: Bench }[]> {
  const opened: { verb: Verb; bench: Bench }[] = [];
  try {
    for (const verb of verbs) opened.push({ verb, bench: await verb.open() });
    return opened;
  } catch (error) {
    for (const { bench } of opened) await bench[Symbol.asyncDispose]();
    throw error;
  }
}

async function searchBatch(verb: Verb, bench: Bench, tally: Tally, options: SearchOptions): Promise<void> {
  const size = options.goesOn(tally.cases + verb.batch - 1) ? verb.batch : 1;
  const seeds = Array.from({ length: size }, (_, index) => options.seed + tally.cases + index);
  const inputs = seeds.map((seed) => inputOf(verb.inputs, seed));
  const outcomes = await bench.compareAll(inputs);
  for (const [index, outcome] of outcomes.entries()) {
    const input = inputs[index];
    const { known, fresh } = sortDifferences(verb.name, input, outcome);
    tally.cases += 1;
    tally.facts += Object.keys(outcome.reference).length;
    if ("refused" in outcome.reference && "refused" in outcome.ours) tally.refused += 1;
    for (const row of known) tally.known.set(row, (tally.known.get(row) ?? 0) + 1);
    if (fresh.length === 0) continue;
    tally.fresh += 1;
    const finding = { verb: verb.name, seed: seeds[index] ?? options.seed, input, differences: fresh };
    if (tally.fresh <= maxFindings) options.onFinding(await shrink(verb, bench, finding, options.shrinkMs));
  }
}

/** The input of a seed, always the same one. */
export function inputOf<Input>(inputs: Arbitrary<Input>, seed: number): Input {
  const [input] = sample(inputs, { numRuns: 1, seed });
  return input as Input;
}

function sortDifferences(verb: string, input: unknown, outcome: Outcome) {
  const known = new Set<string>();
  const fresh: Difference[] = [];
  for (const difference of compareFacts(outcome)) {
    const row = knownDifferences.find((each) => isKnown(each, { verb, input, outcome, difference }));
    if (row === undefined) fresh.push(difference);
    else known.add(row.difference);
  }
  return { known, fresh };
}

/** The same fault with less around it: fast-check drops parts of the input as long as some new difference stays. */
async function shrink(verb: Verb, bench: Bench, finding: Finding, shrinkMs: number): Promise<Finding> {
  if (shrinkMs === 0) return finding;
  let smallest = finding;
  const end = Date.now() + shrinkMs;
  const property = asyncProperty(verb.inputs, async (input) => {
    if (Date.now() > end) return true;
    const [outcome] = await bench.compareAll([input]);
    if (outcome === undefined) return true;
    const { fresh } = sortDifferences(verb.name, input, outcome);
    if (fresh.length > 0) smallest = { ...finding, input, differences: fresh };
    return fresh.length === 0;
  });
  await check(property, { seed: finding.seed, numRuns: 1 });
  return smallest;
}
