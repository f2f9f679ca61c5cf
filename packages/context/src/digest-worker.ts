import { workerData } from "node:worker_threads";
import { createReadBuffer } from "./file-digest.js";
import { drainQueue, type FileQueue } from "./file-queue.js";
import { openFileTable } from "./file-table.js";

/** What a second thread is started with. */
export interface DigestWork {
  readonly queue: FileQueue;
  readonly memory: SharedArrayBuffer;
}

const { queue, memory } = workerData as DigestWork;
const steps = drainQueue(queue, openFileTable(memory), createReadBuffer());
while (steps.next().done !== true);
