import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { startTimer } from "@otto/errors";
import type { DigestWork } from "./digest-worker.js";
import type { FileQueue } from "./file-queue.js";
import type { FileTable } from "./file-table.js";

// A thread takes about 30 ms to start. It is worth it for so many files at once, or after so long alone.
const manyFiles = 1500;
const aloneMs = 50;

// Room for the stats of all files between two collections: they take a tenth of the time otherwise.
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

// A context seldom comes alone: one thread is kept for the next. It holds memory, so not for ever.
const idleMs = 5000;
let idle: { readonly worker: Worker; readonly timer: NodeJS.Timeout } | undefined;

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
  let answer: Promise<boolean> | undefined;
  let usable = true;
  const start = (): Worker => {
    worker ??= takeWorker();
    return worker;
  };
  return {
    expect(files) {
      if (files >= manyFiles && availableParallelism() > 1) start();
    },
    offer(queue, table, aloneForMs) {
      if (answer !== undefined || !isWorthIt(queue, aloneForMs)) return;
      const given = start();
      usable = false;
      answer = waitForAnswer(given);
      given.postMessage(describeWork(queue, table));
    },
    finished: async () => {
      if (answer !== undefined) usable = await answer;
    },
    [Symbol.asyncDispose]: async () => {
      if (worker === undefined) return;
      if (usable) keepWorker(worker);
      else await worker.terminate();
    },
  };
}

function takeWorker(): Worker {
  if (idle === undefined) return startWorker();
  const { worker, timer } = idle;
  idle = undefined;
  clearTimeout(timer);
  worker.ref();
  return worker;
}

function startWorker(): Worker {
  const worker = new Worker(new URL("./digest-worker.js", import.meta.url), { resourceLimits });
  worker.on("error", () => undefined);
  worker.once("exit", () => {
    if (idle?.worker === worker) idle = undefined;
  });
  return worker;
}

/** For the next to take; it keeps no process alive. */
function keepWorker(worker: Worker): void {
  if (idle !== undefined) return void worker.terminate();
  worker.unref();
  const timer = startTimer(() => {
    idle = undefined;
    void worker.terminate();
  }, idleMs).unref();
  idle = { worker, timer };
}

function isWorthIt({ indexes, next }: FileQueue, aloneForMs: number): boolean {
  const left = indexes.length - Atomics.load(next, 0);
  return availableParallelism() > 1 && (left >= manyFiles || (left > 0 && aloneForMs > aloneMs));
}

function describeWork({ paths, indexes, next }: FileQueue, { memory }: FileTable): DigestWork {
  return { paths: paths.join("\0"), indexes: Uint32Array.from(indexes), next, memory };
}

/** Whether it answered, and so can be given more. */
async function waitForAnswer(worker: Worker): Promise<boolean> {
  if (worker.threadId < 0) return false;
  return await new Promise((resolve) => {
    const settle = (answered: boolean) => {
      worker.off("message", onAnswer).off("exit", onExit);
      resolve(answered);
    };
    const onAnswer = () => settle(true);
    const onExit = () => settle(false);
    worker.on("message", onAnswer).on("exit", onExit);
  });
}
