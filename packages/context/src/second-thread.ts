import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { DigestWork } from "./digest-worker.js";
import type { FileQueue } from "./file-queue.js";
import type { FileTable } from "./file-table.js";

// A thread takes about 30 ms to start. It is worth it for so many files at once, or after so long alone.
const manyFiles = 1500;
const aloneMs = 50;

// Room for the stats of all files between two collections: they take a tenth of the time otherwise.
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/** Another thread that helps to read one queue, and starts only when that pays. Dispose of it at the end. */
export interface SecondThread extends AsyncDisposable {
  /** So many files are to be read at least: many make it start ahead of the queue. */
  expect(files: number): void;
  /** Makes it start when what is left of the queue is worth it; `aloneForMs` since this thread began. */
  offer(queue: FileQueue, table: FileTable, aloneForMs: number): void;
  /** Comes true when it does nothing any more. A thread that fails leaves its files as they are. */
  finished(): Promise<void>;
}

export function createSecondThread(): SecondThread {
  let worker: Worker | undefined;
  let done: Promise<void> | undefined;
  const start = (): Worker => {
    worker ??= new Worker(new URL("./digest-worker.js", import.meta.url), { resourceLimits });
    return worker;
  };
  return {
    expect(files) {
      if (files >= manyFiles && availableParallelism() > 1) start();
    },
    offer(queue, table, aloneForMs) {
      if (done !== undefined || !isWorthIt(queue, aloneForMs)) return;
      const given = start();
      done = waitUntilDone(given);
      given.postMessage(describeWork(queue, table));
    },
    finished: async () => done,
    [Symbol.asyncDispose]: async () => void (await worker?.terminate()),
  };
}

function isWorthIt({ indexes, next }: FileQueue, aloneForMs: number): boolean {
  const left = indexes.length - Atomics.load(next, 0);
  return availableParallelism() > 1 && (left >= manyFiles || (left > 0 && aloneForMs > aloneMs));
}

function describeWork({ paths, indexes, next }: FileQueue, { memory }: FileTable): DigestWork {
  return { paths: paths.join("\0"), indexes: Uint32Array.from(indexes), next, memory };
}

async function waitUntilDone(worker: Worker): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => resolve();
    worker.once("message", end).once("error", end).once("exit", end);
  });
}
