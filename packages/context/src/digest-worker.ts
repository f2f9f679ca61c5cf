import { parentPort } from "node:worker_threads";
import { createReadBuffer } from "./file-digest.js";
import { drainQueue } from "./file-queue.js";
import { openFileTable } from "./file-table.js";

/** What the second thread is given to do. */
export interface DigestWork {
  /** Each ended by a NUL: one string travels faster than thousands. */
  readonly paths: string;
  readonly indexes: Uint32Array;
  readonly next: Int32Array;
  readonly memory: SharedArrayBuffer;
}

const buffer = createReadBuffer();

// An answer says that nothing is left to do.
parentPort?.on("message", ({ paths, indexes, next, memory }: DigestWork) => {
  const queue = { paths: paths.split("\0"), indexes, next };
  const steps = drainQueue(queue, openFileTable(memory), buffer);
  while (steps.next().done !== true);
  parentPort?.postMessage("done");
});
