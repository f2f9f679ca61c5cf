import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeByTime } from "./merge-by-time.js";

interface Line {
  readonly timestamp: string;
  readonly source: number;
}

async function* give(batches: readonly (readonly Line[])[]): AsyncGenerator<readonly Line[]> {
  for (const batch of batches) yield batch;
}

async function merge(sources: readonly (readonly (readonly Line[])[])[]): Promise<Line[]> {
  const merged: Line[] = [];
  for await (const lines of mergeByTime(sources.map(give))) merged.push(...lines);
  return merged;
}

const times = fc
  .array(fc.integer({ min: 10, max: 30 }), { maxLength: 30 })
  .map((list) => list.toSorted((a, b) => a - b));
const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 30, maxLength: 30 });

/** Lines of one source, in batches of these sizes. */
function cut(lines: readonly Line[], batchSizes: readonly number[]): Line[][] {
  const batches: Line[][] = [];
  let rest = lines;
  for (const size of batchSizes) {
    if (rest.length === 0) break;
    batches.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return batches;
}

const byText = (a: string, b: string) => (a < b ? -1 : Number(a > b));

test("all lines come, in order of time, each source's in its own order", async () => {
  const source = fc.tuple(times, sizes);
  await fc.assert(
    fc.asyncProperty(fc.array(source, { maxLength: 4 }), async (drawn) => {
      const sources = drawn.map(([list], index) => list.map((time) => ({ timestamp: String(time), source: index })));
      const merged = await merge(sources.map((lines, index) => cut(lines, drawn[index]?.[1] ?? [])));
      expect(merged.map(({ timestamp }) => timestamp)).toEqual(
        sources
          .flat()
          .map((line) => line.timestamp)
          .toSorted(byText),
      );
      for (const [index, lines] of sources.entries()) {
        expect(merged.filter((line) => line.source === index)).toEqual(lines);
      }
    }),
  );
});

test("a reader that leaves ends all sources", async () => {
  const ended: number[] = [];
  const sources = [0, 1].map(async function* (source) {
    try {
      for (let time = 10; ; time += 1) yield [{ timestamp: String(time), source }];
    } finally {
      ended.push(source);
    }
  });
  for await (const _ of mergeByTime(sources)) break;
  expect(ended.toSorted((a, b) => a - b)).toEqual([0, 1]);
});
