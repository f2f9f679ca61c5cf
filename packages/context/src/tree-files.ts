import { type BigIntStats, lstatSync } from "node:fs";
import { readFiles } from "./file-reading.js";
import { changedNs, copyRecord, createFileTable, type FileTable, hasStats, stateOf } from "./file-table.js";
import { isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";
import { isSettled, readStatCache, type StatCache, writeStatCache } from "./stat-cache.js";

/**
 * Digests the files of the tree at `root`, by the cache where it can be trusted, and brings the cache up to date.
 *
 * @returns their records, in the order of `paths`; `todo` for a file that has vanished
 * @throws CONTEXT_UNREADABLE, CONTEXT_FILE_CHANGED
 */
export async function readTreeFiles(
  root: string,
  paths: readonly string[],
  { cacheDir, pacer }: { readonly cacheDir: string | undefined; readonly pacer: Pacer },
): Promise<FileTable> {
  const table = createFileTable(paths.length);
  const cache = cacheDir === undefined ? undefined : readStatCache(cacheDir, root);
  const indexes = cache === undefined ? [...paths.keys()] : await takeCached({ root, paths, table, pacer }, cache);
  const startedNs = BigInt(Date.now()) * 1_000_000n;
  await readFiles({ root, indexes, paths: indexes.map((index) => paths[index] ?? "") }, table, pacer);
  if (cacheDir === undefined) return table;
  const fresh = new Set(indexes);
  const settled = [...paths.keys()].filter(
    (index) => stateOf(table, index) === "done" && (!fresh.has(index) || isSettled(changedNs(table, index), startedNs)),
  );
  const same = settled.length === cache?.paths.size && !settled.some((index) => fresh.has(index));
  if (!same) await writeStatCache(cacheDir, root, { paths, table, settled });
  return table;
}

interface CachedReading {
  readonly root: string;
  readonly paths: readonly string[];
  readonly table: FileTable;
  readonly pacer: Pacer;
}

/** Takes over what has not changed; returns the places of the rest. */
async function takeCached({ root, paths, table, pacer }: CachedReading, cache: StatCache): Promise<number[]> {
  const rest: number[] = [];
  for (const [index, path] of paths.entries()) {
    if (pacer.due()) await pacer.pause();
    const cached = cache.paths.get(path);
    const stats = cached === undefined ? undefined : readStats(root, path);
    if (cached === undefined || stats === undefined || !hasStats(cache.table, cached, stats)) rest.push(index);
    else copyRecord(cache.table, cached, table, index);
  }
  return rest;
}

function readStats(root: string, path: string): BigIntStats | undefined {
  try {
    return lstatSync(entryFsPath(root, path), { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}
