import type { BigIntStats } from "node:fs";
import { comparePaths } from "@otto/hashing";
import { changedNs, copyRecord, type FileTable, hasStats } from "./file-table.js";
import { isSettled, type StatCache } from "./stat-cache.js";

/** Finds paths, asked for in the order of `comparePaths`, in a cache, which has that order too. */
export interface CacheLookup {
  /** Takes a file's record over into the table, if the cache has it, with this stat, and can be trusted. */
  take(path: string, stats: () => BigIntStats | undefined, table: FileTable, index: number): boolean;
}

/**
 * Goes through both lists side by side. Only entries older than the cache's own writing are trusted: a younger file could
 * have changed again within the same tick of the clock.
 */
export function createCacheLookup(cache: StatCache): CacheLookup {
  let [place, offset] = [0, 0];
  const seek = (path: string): boolean => {
    for (; place < cache.length; place++) {
      if (cache.names.startsWith(path, offset) && cache.names.charCodeAt(offset + path.length) === 0) return true;
      const end = cache.names.indexOf("\0", offset);
      if (comparePaths(cache.names.slice(offset, end), path) > 0) return false;
      offset = end + 1;
    }
    return false;
  };
  return {
    take(path, readStats, table, index) {
      if (!seek(path) || !isSettled(changedNs(cache.table, place), cache.writtenNs)) return false;
      const stats = readStats();
      if (stats === undefined || !hasStats(cache.table, place, stats)) return false;
      copyRecord(cache.table, place, table, index);
      return true;
    },
  };
}
