import { type BigIntStats, lstatSync } from "node:fs";
import type { FileEntry } from "@otto/hashing";
import type { UnsendableEntry } from "./build-context.js";
import { createCacheLookup } from "./cache-lookup.js";
import { type FilesToRead, readFiles } from "./file-reading.js";
import { changedNs, createFileTable, digestOf, type FileTable, isExecutable, sizeOf, stateOf } from "./file-table.js";
import { isForbidden, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";
import type { SecondThread } from "./second-thread.js";
import { isSettled, type StatCache, writeStatCache } from "./stat-cache.js";

/** How a tree is read. */
export interface TreeReading {
  readonly pacer: Pacer;
  readonly cacheDir: string | undefined;
  /** What the cache of a part of the tree goes by. Default: the root. */
  readonly cacheKey?: string | undefined;
  /** A file that changes at each attempt is taken as it is: its first bytes, as many as it has at that moment. Default false. */
  readonly mayGrow?: boolean | undefined;
}

export interface TreeFiles {
  readonly table: FileTable;
  readonly unsendable: readonly UnsendableEntry[];
}

/**
 * Digests the files of the tree at `root`, by the cache where it can be trusted, and brings the cache up to date.
 *
 * @param paths in the order of `comparePaths`
 * @returns their records, in that order, `todo` for a file that has vanished; and those that may not be read
 * @throws CONTEXT_UNREADABLE, CONTEXT_FILE_CHANGED
 */
export async function readTreeFiles(
  root: string,
  paths: readonly string[],
  {
    cacheDir,
    cacheKey = root,
    cache,
    pacer,
    second,
    mayGrow,
  }: TreeReading & { cache: StatCache | undefined; second: SecondThread },
): Promise<TreeFiles> {
  const files: FilesToRead = { root, paths, table: createFileTable(paths.length) };
  const unknown = cache === undefined ? [...paths.keys()] : await takeCached(files, cache, pacer);
  const startedNs = BigInt(Date.now()) * 1_000_000n;
  const unsendable = unknown.length > 0 ? await readFiles(files, unknown, { pacer, second, mayGrow }) : [];
  const current = unknown.length === 0 && cache?.length === paths.length;
  if (cacheDir !== undefined && !current) await remember(files, { cacheDir, cacheKey, unknown, startedNs });
  return { table: files.table, unsendable };
}

/** Takes over what has not changed; returns the places of the rest. */
async function takeCached({ root, paths, table }: FilesToRead, cache: StatCache, pacer: Pacer): Promise<number[]> {
  const lookup = createCacheLookup(cache);
  const unknown: number[] = [];
  for (let index = 0; index < paths.length; index++) {
    if (pacer.due()) await pacer.pause();
    const path = paths[index] ?? "";
    if (!lookup.take(path, () => readStats(root, path), table, index)) unknown.push(index);
  }
  return unknown;
}

function readStats(root: string, path: string): BigIntStats | undefined {
  try {
    return lstatSync(entryFsPath(root, path), { bigint: true });
  } catch (error) {
    // Said when it is read.
    if (isMissing(error) || isForbidden(error)) return undefined;
    throw unreadable(path, error);
  }
}

interface Remembering {
  readonly cacheDir: string;
  readonly cacheKey: string;
  readonly unknown: readonly number[];
  readonly startedNs: bigint;
}

/** Writes what was in the cache and what was read now, if it was old enough before it was read. */
async function remember(
  { paths, table }: FilesToRead,
  { cacheDir, cacheKey, unknown, startedNs }: Remembering,
): Promise<void> {
  const fresh = new Uint8Array(paths.length);
  for (const index of unknown) fresh[index] = 1;
  const settled: number[] = [];
  for (let index = 0; index < paths.length; index++) {
    if (stateOf(table, index) !== "done") continue;
    if (fresh[index] === 0 || isSettled(changedNs(table, index), startedNs)) settled.push(index);
  }
  await writeStatCache(cacheDir, cacheKey, { paths, table, settled });
}

export function fileEntry(path: string, files: FileTable, index: number): FileEntry {
  const digest = digestOf(files, index);
  return { path, kind: "file", size: sizeOf(files, index), executable: isExecutable(files, index), digest };
}
