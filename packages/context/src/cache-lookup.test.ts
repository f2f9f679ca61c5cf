import { type BigIntStats, lstatSync } from "node:fs";
import { comparePaths } from "@otto/hashing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCacheLookup } from "./cache-lookup.js";
import { createFileTable, digestOf, setRecord, stateOf } from "./file-table.js";
import type { StatCache } from "./stat-cache.js";

const stats: BigIntStats = lstatSync(import.meta.filename, { bigint: true });
const longAfterNs = stats.ctimeNs + 3_600_000_000_000n;

function digestFor(path: string): string {
  return path.padEnd(32, "-").slice(0, 32);
}

function makeCache(paths: readonly string[], writtenNs = longAfterNs): StatCache {
  const table = createFileTable(paths.length);
  for (const [index, path] of paths.entries()) setRecord(table, index, stats, digestFor(path));
  return { table, length: paths.length, names: paths.map((path) => `${path}\0`).join(""), writtenNs };
}

const paths = fc
  .uniqueArray(
    fc.array(fc.constantFrom("a", "b", "/c", "é"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
  )
  .map((list) => list.toSorted(comparePaths));

test("what is in the cache is found, what is not is not, wherever the two lists differ", () => {
  fc.assert(
    fc.property(paths, paths, (cached, wanted) => {
      const lookup = createCacheLookup(makeCache(cached));
      const table = createFileTable(wanted.length);
      for (const [index, path] of wanted.entries()) {
        expect(lookup.take(path, () => stats, table, index)).toBe(cached.includes(path));
        const digest = Buffer.from(digestFor(path), "latin1").toString("hex");
        expect(stateOf(table, index) === "done" && digestOf(table, index) === digest).toBe(cached.includes(path));
      }
    }),
    { numRuns: 1000 },
  );
});

test("a file that is younger than the cache's own writing, or nearly, is not trusted", () => {
  const take = (writtenNs: bigint) =>
    createCacheLookup(makeCache(["a"], writtenNs)).take("a", () => stats, createFileTable(1), 0);
  const [, changed = 0n] = [stats.mtimeNs, stats.ctimeNs].sort((a, b) => Number(a - b));
  expect(take(changed - 1n)).toBe(false);
  expect(take(changed + 2_500_000_000n)).toBe(false);
  expect(take(changed + 2_500_000_001n)).toBe(true);
});

test.each(["mtimeNs", "ctimeNs", "ino", "dev", "size", "mode"] as const)("another %s is another file", (field) => {
  const changed = Object.assign(Object.create(stats) as BigIntStats, { [field]: stats[field] + 1n });
  const lookup = createCacheLookup(makeCache(["a"]));
  expect(lookup.take("a", () => changed, createFileTable(1), 0)).toBe(false);
});

test("a file that is gone is not taken", () => {
  const lookup = createCacheLookup(makeCache(["a"]));
  expect(lookup.take("a", () => undefined, createFileTable(1), 0)).toBe(false);
});
