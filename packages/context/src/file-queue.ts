import { digestFile } from "./file-digest.js";
import { type FileTable, setRecord, setState } from "./file-table.js";

// Large enough that threads seldom meet, small enough that they end together.
const batchFiles = 16;

/** Files to read: a thread takes the next ones by moving the shared counter. */
export interface FileQueue {
  /** As node:fs wants them. */
  readonly paths: readonly string[];
  /** Their places in the table. */
  readonly indexes: readonly number[] | Uint32Array;
  readonly next: Int32Array;
}

/** Reads files of the queue into the table until none is left; yields where there is time for other things. */
export function* drainQueue(queue: FileQueue, table: FileTable, buffer: Buffer): Generator<void, void> {
  const total = queue.indexes.length;
  for (;;) {
    const start = Atomics.add(queue.next, 0, batchFiles);
    if (start >= total) return;
    for (let place = start; place < Math.min(start + batchFiles, total); place++) {
      const index = queue.indexes[place] ?? 0;
      try {
        const found = yield* digestFile(queue.paths[place] ?? "", buffer);
        if (found === undefined) setState(table, index, "again");
        else setRecord(table, index, found.stats, found.digest);
      } catch {
        // Read again by the thread that can say what is wrong.
        setState(table, index, "again");
      }
      yield;
    }
  }
}
