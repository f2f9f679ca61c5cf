import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import { readRandomRun } from "@otto/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildAll, type CopyBuild, refusalOf } from "./engine-copy.js";
import { type IgnoreCase, ignoreCases } from "./ignore-cases.js";
import { formatEntries, listTree, writeTree } from "./trees.js";

const { count: caseCount, seed, label } = readRandomRun("OTTO_CASES", 150);
const batchSize = 30;
const secondsPerCase = 2;
const beganAt = Date.now() / 1000;

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "otto-ignore-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test(`the entries are those of Docker's own build (${label})`, {
  timeout: caseCount * secondsPerCase * 1000 + 60_000,
}, async () => {
  const cases = fc.sample(ignoreCases, { numRuns: caseCount, seed });
  const differences: string[] = [];
  let [equal, refused, emptied] = [0, 0, 0];
  for (let start = 0; start < cases.length; start += batchSize) {
    const batch = await Promise.all(
      cases.slice(start, start + batchSize).map((one, index) => prepare(one, start + index)),
    );
    const built = batch.filter((one): one is Accepted => "entries" in one);
    const outcomes = [...(await compareBuilt(built)), ...(await compareRefused(batch))];
    differences.push(...outcomes.filter((difference) => difference !== undefined));
    emptied += built.filter(({ entries, build }) => findEmptied(entries, build).length > 0).length;
    equal += built.length;
    refused += batch.length - built.length;
    for (const { directory } of batch) rmSync(directory, { recursive: true, force: true });
  }
  console.log(
    `seed ${seed}: ${equal} contexts built (${emptied} with files that Docker lists and sends empty), ${refused} refused by both, ${differences.length} different`,
  );
  expect(differences.slice(0, 5).join("\n\n")).toBe("");
  expect(emptied).toBeLessThanOrEqual(Math.ceil(caseCount / 100));
  expect(equal).toBeGreaterThan(caseCount / 2);
});

interface Prepared {
  readonly directory: string;
  readonly build: CopyBuild;
  readonly text: string;
}
type Accepted = Prepared & { readonly entries: readonly string[] };
type Refused = Prepared & { readonly error: unknown };

async function prepare(one: IgnoreCase, index: number): Promise<Accepted | Refused> {
  const directory = join(work, String(index));
  const context = join(directory, "context");
  const dockerfile = join(directory, one.dockerfile);
  writeTree(context, one.tree);
  mkdirSync(dirname(dockerfile), { recursive: true });
  writeFileSync(dockerfile, "FROM scratch\nCOPY . /\n");
  if (one.ignoreFile !== undefined) writeRules(join(context, ".dockerignore"), one.ignoreFile, index);
  if (one.ownIgnoreFile !== undefined) writeRules(`${dockerfile}.dockerignore`, one.ownIgnoreFile, index);
  const build = { context, dockerfile, output: join(directory, "output") };
  const prepared = { directory, build, text: JSON.stringify(one, undefined, 1) };
  try {
    const { entries } = await readContext({ context, dockerfile });
    return { ...prepared, entries: formatEntries(context, entries) };
  } catch (error) {
    return { ...prepared, error };
  }
}

/**
 * Gives each case's rules a time of their own. BuildKit takes a file for the one of another build when path, size and time
 * are the same, and those that are written within one tick of the kernel's clock have the same.
 */
function writeRules(path: string, rules: string, index: number): void {
  writeFileSync(path, rules);
  const time = beganAt + index;
  utimesSync(path, time, time);
}

async function compareBuilt(cases: readonly Accepted[]): Promise<(string | undefined)[]> {
  try {
    await buildAll(
      cases.map(({ build }) => build),
      join(work, "bake.json"),
    );
  } catch {
    // One refused build ends them all: find out which.
    return Promise.all(cases.map(async (one) => (await refused(one)) ?? compareEntries(one)));
  }
  return cases.map(compareEntries);
}

async function refused(one: Accepted): Promise<string | undefined> {
  const refusal = await refusalOf(one.build, join(one.directory, "bake.json"));
  return refusal === undefined ? undefined : `Docker refuses, we do not: ${one.text}\n${refusal}`;
}

/**
 * The entries whose files are empty in Docker's image and nowhere else. Its client walks the context by the ignore rules
 * and applies them again, to the path alone, when the engine asks for a file; the two can differ, and what the walk lists
 * and the second look leaves out is sent without its bytes. All files of the cases have content.
 */
function findEmptied(entries: readonly string[], build: CopyBuild): string[] {
  const found = new Set(listTree(build.output));
  return entries.filter((entry) => !found.has(entry) && found.has(withoutContent(entry)));
}

const withoutContent = (entry: string) => entry.replace(/ = .*/s, " = ");

function compareEntries({ build, entries, text }: Accepted): string | undefined {
  const emptied = new Set(findEmptied(entries, build));
  const expected = new Set(listTree(build.output));
  const surplus = entries.filter((entry) => !expected.delete(emptied.has(entry) ? withoutContent(entry) : entry));
  if (surplus.length === 0 && expected.size === 0) return undefined;
  return `we alone: ${JSON.stringify(surplus)}\nDocker alone: ${JSON.stringify([...expected])}\n${text}`;
}

async function compareRefused(batch: readonly (Accepted | Refused)[]): Promise<(string | undefined)[]> {
  const differences: (string | undefined)[] = [];
  for (const one of batch) {
    if ("error" in one) differences.push(await compareRefusal(one));
  }
  return differences;
}

async function compareRefusal({ build, directory, error, text }: Refused): Promise<string | undefined> {
  const refusal = await refusalOf(build, join(directory, "bake.json"));
  const reason = isOttoError(error) ? (error.message.split(": ").at(-1) ?? "") : undefined;
  // The engine's cancelling of what is left can come before the reason, which is then not told.
  if (reason !== undefined && (refusal?.includes(reason) || refusal?.includes("context canceled"))) return undefined;
  return `we refuse: ${String(error)}\nDocker says: ${refusal ?? "nothing"}\n${text}`;
}
