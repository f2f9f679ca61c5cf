import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { DigestWork } from "./digest-worker.js";
import { createReadBuffer, digestFile, type FileDigest } from "./file-digest.js";
import { drainQueue, type FileQueue } from "./file-queue.js";
import { type FileTable, setRecord, setState, stateOf } from "./file-table.js";
import { fileChanged, isMissing, unreadable } from "./fs-error.js";
import type { Pacer } from "./pacer.js";

// A second thread takes about 30 ms to start: only what takes longer than this by one thread is shared with it.
const aloneMs = 40;
const attempts = 3;

/**
 * Reads the digests of files of the tree at `root` into their places in the table, on two threads when it takes long. A
 * file that is gone keeps the state `todo`.
 *
 * @throws CONTEXT_UNREADABLE
 * @throws CONTEXT_FILE_CHANGED when a file changes at every attempt
 */
export async function readFiles(
  files: { readonly root: string; readonly indexes: readonly number[]; readonly paths: readonly string[] },
  table: FileTable,
  pacer: Pacer,
): Promise<void> {
  const queue: FileQueue = { ...files, next: new Int32Array(new SharedArrayBuffer(4)) };
  const buffer = createReadBuffer();
  const steps = drainQueue(queue, table, buffer);
  let second: SecondThread | undefined;
  const startedAt = performance.now();
  try {
    while (steps.next().done !== true) {
      if (!pacer.due()) continue;
      if (second === undefined && performance.now() - startedAt > aloneMs) second = startThread(queue, table);
      await pacer.pause();
    }
    await second?.ended;
  } finally {
    await second?.stop();
  }
  await readRest(queue, table, { buffer, pacer });
}

interface SecondThread {
  readonly ended: Promise<void>;
  stop(): Promise<unknown>;
}

/** A thread that fails leaves its files to this one. */
function startThread(queue: FileQueue, table: FileTable): SecondThread {
  if (availableParallelism() < 2) return { ended: Promise.resolve(), stop: async () => undefined };
  const work: DigestWork = { queue, memory: table.memory };
  const worker = new Worker(new URL("./digest-worker.js", import.meta.url), { workerData: work });
  const ended = new Promise<void>((resolve) => {
    worker.once("exit", () => resolve()).once("error", () => undefined);
  });
  return { ended, stop: () => worker.terminate() };
}

async function readRest(queue: FileQueue, table: FileTable, tools: { buffer: Buffer; pacer: Pacer }): Promise<void> {
  for (const [place, index] of queue.indexes.entries()) {
    if (stateOf(table, index) === "done") continue;
    const found = await readStubborn(queue.root, queue.paths[place] ?? "", tools);
    if (found === undefined) setState(table, index, "todo");
    else setRecord(table, index, found.stats, found.digest);
  }
}

async function readStubborn(
  root: string,
  path: string,
  { buffer, pacer }: { buffer: Buffer; pacer: Pacer },
): Promise<FileDigest | undefined> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const steps = digestFile(root, path, buffer);
    try {
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) if (pacer.due()) await pacer.pause();
      if (step.value !== undefined) return step.value;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw unreadable(path, error);
    } finally {
      steps.return(undefined);
    }
  }
  throw fileChanged(path, "it changed each time it was read");
}
