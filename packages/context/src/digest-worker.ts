import { workerData } from "node:worker_threads";
import { createReadBuffer } from "./file-digest.js";
import { drainQueue } from "./file-queue.js";
import { openFileTable } from "./file-table.js";

/** What a second thread is started with. */
export interface DigestWork {
  /** Each ended by a NUL: one string travels faster than thousands. */
  readonly paths: string;
  readonly indexes: Uint32Array;
  readonly next: Int32Array;
  readonly memory: SharedArrayBuffer;
}

const { paths, indexes, next, memory } = workerData as DigestWork;
const queue = { paths: paths.split("\0"), indexes, next };
const steps = drainQueue(queue, openFileTable(memory), createReadBuffer());
while (steps.next().done !== true);
