import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createReadBuffer } from "./file-digest.js";
import { drainQueue, type FileQueue } from "./file-queue.js";
import { createFileTable, digestOf, stateOf } from "./file-table.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-queue-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Files 0, 1, 2 … whose places in the table are those of every second one. */
function lay(count: number): FileQueue {
  const paths = Array.from({ length: count }, (_, index) => join(directory, `${index}`));
  for (const [index, path] of paths.entries()) writeFileSync(path, `${index}`);
  return { paths, indexes: paths.map((_, index) => 2 * index), next: new Int32Array(new SharedArrayBuffer(4)) };
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex");

test("two that share a queue read each file once between them, and into its place", () => {
  const queue = lay(40);
  const table = createFileTable(80);
  const readers = [1, 2].map(() => drainQueue(queue, table, createReadBuffer()));
  const steps = [0, 0];
  for (let isLeft = true; isLeft; ) {
    isLeft = false;
    for (const [index, reader] of readers.entries()) {
      if (reader.next().done === true) continue;
      steps[index] = (steps[index] ?? 0) + 1;
      isLeft = true;
    }
  }
  expect(queue.paths.map((_, index) => digestOf(table, 2 * index))).toEqual(
    queue.paths.map((_, index) => digest(`${index}`)),
  );
  // Sixteen at a time: the first takes the third lot, for it is done with the first one sooner.
  expect(steps).toEqual([24, 16]);
  expect(stateOf(table, 1)).toBe("todo");
});

test("what cannot be read, or is no file, is read again by who can say what is wrong", () => {
  const queue = lay(3);
  rmSync(queue.paths[0] as string);
  const table = createFileTable(6);
  const paths = [queue.paths[0] as string, directory, queue.paths[2] as string];
  expect([...drainQueue({ ...queue, paths }, table, createReadBuffer())]).toHaveLength(3);
  expect([0, 2, 4].map((index) => stateOf(table, index))).toEqual(["again", "again", "done"]);
});
