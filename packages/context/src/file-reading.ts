import { hasRawBytes } from "@otto/hashing";
import { createReadBuffer, digestFile, type FileDigest } from "./file-digest.js";
import { drainQueue, type FileQueue } from "./file-queue.js";
import { type FileTable, setRecord, setState, stateOf } from "./file-table.js";
import { fileChanged, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath, toFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";
import type { SecondThread } from "./second-thread.js";

const attempts = 3;

/** Files of the tree at `root`, each with its place in the table. */
export interface FilesToRead {
  readonly root: string;
  readonly paths: readonly string[];
  readonly table: FileTable;
}

interface Tools {
  readonly buffer: Buffer;
  readonly pacer: Pacer;
  readonly second: SecondThread;
}

/**
 * Reads the digests of the files at these indexes into their places in the table, on two threads when it takes long. A
 * file that is gone keeps the state `todo`.
 *
 * @throws CONTEXT_UNREADABLE
 * @throws CONTEXT_FILE_CHANGED when a file changes at every attempt
 */
export async function readFiles(
  files: FilesToRead,
  indexes: readonly number[],
  threads: { readonly pacer: Pacer; readonly second: SecondThread },
): Promise<void> {
  const tools: Tools = { buffer: createReadBuffer(), ...threads };
  await readQueue(createQueue(files, indexes), files.table, tools);
  for (const index of indexes) {
    if (stateOf(files.table, index) !== "done") await readStubborn(files, index, tools);
  }
}

/** The files whose names are text, which are nearly all: strings go to another thread as they are. */
function createQueue({ root, paths }: FilesToRead, indexes: readonly number[]): FileQueue {
  const prefix = toFsPath(root.endsWith("/") ? root : `${root}/`);
  const plain = typeof prefix === "string" ? indexes.filter((index) => !hasRawBytes(paths[index] ?? "")) : [];
  const places = plain.map((index) => `${String(prefix)}${paths[index] ?? ""}`);
  return { paths: places, indexes: plain, next: new Int32Array(new SharedArrayBuffer(4)) };
}

async function readQueue(queue: FileQueue, table: FileTable, { buffer, pacer, second }: Tools): Promise<void> {
  const startedAt = performance.now();
  const steps = drainQueue(queue, table, buffer);
  do {
    second.offer(queue, table, performance.now() - startedAt);
    await pacer.pause();
  } while (drainSlice(steps, pacer));
  await second.finished();
}

/** Works until it is time to pause; whether something is left. */
function drainSlice(steps: Generator<void, void>, pacer: Pacer): boolean {
  while (steps.next().done !== true) if (pacer.due()) return true;
  return false;
}

async function readStubborn({ root, paths, table }: FilesToRead, index: number, tools: Tools): Promise<void> {
  const path = paths[index] ?? "";
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      const found = await readOnce(entryFsPath(root, path), tools);
      if (found === undefined) continue;
      setRecord(table, index, found.stats, found.digest);
      return;
    } catch (error) {
      if (!isMissing(error)) throw unreadable(path, error);
      setState(table, index, "todo");
      return;
    }
  }
  throw fileChanged(path, "it changed each time it was read");
}

async function readOnce(path: string | Buffer, { buffer, pacer }: Tools): Promise<FileDigest | undefined> {
  const steps = digestFile(path, buffer);
  try {
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) if (pacer.due()) await pacer.pause();
    return step.value;
  } finally {
    steps.return(undefined);
  }
}
