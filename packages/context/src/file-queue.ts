import { digestFile } from "./file-digest.js";
import { type FileTable, setRecord, setState } from "./file-table.js";

// Large enough that threads seldom meet, small enough that they end together.
const batchFiles = 16;

/** Files to read: a thread takes the next ones by moving the shared counter. */
export interface FileQueue {
  readonly root: string;
  /** Places in the table, and the files they stand for. */
  readonly indexes: readonly number[];
  readonly paths: readonly string[];
  readonly next: Int32Array;
}

/** Reads files of the queue into the table until none is left; yields where there is time for other things. */
export function* drainQueue(queue: FileQueue, table: FileTable, buffer: Buffer): Generator<void, void> {
  const total = queue.indexes.length;
  for (;;) {
    const start = Atomics.add(queue.next, 0, batchFiles);
    if (start >= total) return;
    for (let place = start; place < Math.min(start + batchFiles, total); place++) {
      yield* digestInto(queue, place, table, buffer);
    }
  }
}

function* digestInto(queue: FileQueue, place: number, table: FileTable, buffer: Buffer): Generator<void, void> {
  const index = queue.indexes[place] ?? 0;
  try {
    const found = yield* digestFile(queue.root, queue.paths[place] ?? "", buffer);
    if (found === undefined) setState(table, index, "again");
    else setRecord(table, index, found.stats, found.digest);
  } catch {
    // Read again by readStubborn, which can tell what is wrong.
    setState(table, index, "again");
  }
  yield;
}
