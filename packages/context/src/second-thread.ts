import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { DigestWork } from "./digest-worker.js";
import type { FileQueue } from "./file-queue.js";
import type { FileTable } from "./file-table.js";

// A thread takes about 30 ms to start. It is worth it for so many files at once, or after so long alone.
const manyFiles = 1500;
const aloneMs = 50;

/** Another thread that reads from the same queue. */
export interface SecondThread {
  readonly ended: Promise<void>;
  stop(): Promise<unknown>;
}

/** Whether what is left of the queue is worth a second thread. */
export function isWorthThread(queue: FileQueue, sinceMs: number): boolean {
  const left = queue.indexes.length - Atomics.load(queue.next, 0);
  return availableParallelism() > 1 && (left >= manyFiles || (left > 0 && sinceMs > aloneMs));
}

/** A thread that fails leaves its files as they are. */
export function startThread(queue: FileQueue, table: FileTable): SecondThread {
  const work: DigestWork = {
    paths: queue.paths.join("\0"),
    indexes: Uint32Array.from(queue.indexes),
    next: queue.next,
    memory: table.memory,
  };
  const worker = new Worker(new URL("./digest-worker.js", import.meta.url), { workerData: work });
  const ended = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve()).once("error", () => undefined);
  });
  return { ended, stop: () => worker.terminate() };
}
