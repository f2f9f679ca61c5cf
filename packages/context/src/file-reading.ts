import { hasRawBytes } from "@otto/hashing";
import type { UnsendableEntry } from "./build-context.js";
import { createReadBuffer, digestFile, digestPrefix, type FileDigest } from "./file-digest.js";
import { drainQueue, type FileQueue } from "./file-queue.js";
import { type FileTable, setRecord, setState, stateOf } from "./file-table.js";
import { fileChanged, isForbidden, isMissing, unreadable } from "./fs-error.js";
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
  readonly mayGrow?: boolean | undefined;
}

/**
 * Reads the digests of the files at these indexes into their places in the table, on two threads when it takes long. A
 * file that is gone, or may not be read, keeps the state `todo`.
 *
 * @returns those that may not be read
 * @throws CONTEXT_UNREADABLE when something is wrong with the disk
 * @throws CONTEXT_FILE_CHANGED when a file changes at every attempt
 */
export async function readFiles(
  files: FilesToRead,
  indexes: readonly number[],
  options: Omit<Tools, "buffer">,
): Promise<UnsendableEntry[]> {
  const tools: Tools = { buffer: createReadBuffer(), ...options };
  await readQueue(createQueue(files, indexes), files.table, tools);
  const unsendable: UnsendableEntry[] = [];
  for (const index of indexes) {
    if (stateOf(files.table, index) === "done") continue;
    const forbidden = await readStubborn(files, index, tools);
    if (forbidden !== undefined) unsendable.push(forbidden);
  }
  return unsendable;
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

/** @returns the file if it may not be read */
async function readStubborn(
  { root, paths, table }: FilesToRead,
  index: number,
  tools: Tools,
): Promise<UnsendableEntry | undefined> {
  const path = paths[index] ?? "";
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const digest = attempt === attempts && tools.mayGrow ? digestPrefix : digestFile;
    try {
      const found = await readOnce(digest(entryFsPath(root, path), tools.buffer), tools.pacer);
      if (found === undefined) continue;
      setRecord(table, index, found.stats, found.digest);
      return undefined;
    } catch (error) {
      if (!isMissing(error) && !isForbidden(error)) throw unreadable(path, error);
      setState(table, index, "todo");
      return isMissing(error) ? undefined : { path, kind: "file", error: unreadable(path, error) };
    }
  }
  throw fileChanged(path, "it changed each time it was read");
}

async function readOnce(steps: ReturnType<typeof digestFile>, pacer: Pacer): Promise<FileDigest | undefined> {
  try {
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) if (pacer.due()) await pacer.pause();
    return step.value;
  } finally {
    steps.return(undefined);
  }
}
