import { createHash, randomUUID } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePath, encodePath } from "@otto/hashing";
import { copyRecord, createFileTable, type FileTable, tableBytes } from "./file-table.js";

// Raised when the layout changes. The numbers inside are in this machine's byte order: the file stays on it.
const magic = Buffer.from("otto stat cache 2\n");
const checksumBytes = 32;
// The coarsest time stamps in use, those of FAT, count two seconds.
const marginNs = 2_500_000_000n;

/** Files whose digests are known. */
export interface StatCache {
  readonly table: FileTable;
  readonly length: number;
  /** Their paths in the order of `comparePaths`, each ended by a NUL: one string, for thousands take long to make. */
  readonly names: string;
  /** When it was written, in nanoseconds. */
  readonly writtenNs: bigint;
}

/** Whether a stat is so old that a later change of the file would show in it. All in nanoseconds. */
export function isSettled(changed: bigint, lookedAt: bigint): boolean {
  return changed < lookedAt - marginNs;
}

/**
 * Reads the cache for a context. What is missing, torn, of another layout, key or user counts as none.
 *
 * @param key the context's root, and what tells a part of it from others
 */
export function readStatCache(cacheDir: string, key: string): StatCache | undefined {
  try {
    const fd = openSync(cachePath(cacheDir, key), "r");
    try {
      const stats = fstatSync(fd, { bigint: true });
      const own = Number(stats.uid) === process.geteuid?.() && (stats.mode & 0o022n) === 0n;
      return own ? parseCache(readFileSync(fd), key, stats.mtimeNs) : undefined;
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/**
 * Writes the cache for a context, in one step that a reader sees whole or not at all. Failing that is no error: the
 * cache only saves time.
 *
 * @param settled the places in the table of the files to keep
 */
export async function writeStatCache(
  cacheDir: string,
  key: string,
  files: { readonly paths: readonly string[]; readonly table: FileTable; readonly settled: readonly number[] },
): Promise<void> {
  const path = cachePath(cacheDir, key);
  const temporary = `${path}.${randomUUID()}`;
  try {
    await mkdir(cacheDir, { recursive: true, mode: 0o700 });
    await writeFile(temporary, formatCache(key, files), { mode: 0o600, flag: "wx" });
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function cachePath(cacheDir: string, key: string): string {
  return join(cacheDir, `${createHash("sha256").update(encodePath(key)).digest("hex").slice(0, 32)}.stat`);
}

/** Magic, checksum, number of files, records, and then the key and the paths, each ended by a NUL. */
function formatCache(
  key: string,
  { paths, table, settled }: { paths: readonly string[]; table: FileTable; settled: readonly number[] },
): Buffer {
  const kept = createFileTable(settled.length);
  for (const [to, from] of settled.entries()) copyRecord(table, from, kept, to);
  const count = Buffer.alloc(8);
  count.writeUInt32LE(settled.length);
  const names = encodePath(`${[key, ...settled.map((index) => paths[index] ?? "")].join("\0")}\0`);
  const body = Buffer.concat([count, kept.bytes, names]);
  return Buffer.concat([magic, checksum(body), body]);
}

function parseCache(content: Buffer, key: string, writtenNs: bigint): StatCache | undefined {
  const body = content.subarray(magic.length + checksumBytes);
  if (!content.subarray(0, magic.length).equals(magic)) return undefined;
  if (!content.subarray(magic.length, magic.length + checksumBytes).equals(checksum(body))) return undefined;
  const length = body.readUInt32LE(0);
  const table = createFileTable(length);
  body.copy(table.bytes, 0, 8, 8 + tableBytes(length));
  const names = decodePath(body.subarray(8 + tableBytes(length)));
  const isOwn = names.startsWith(`${key}\0`);
  return isOwn ? { table, length, names: names.slice(key.length + 1), writtenNs } : undefined;
}

function checksum(body: Buffer): Buffer {
  return createHash("sha256").update(body).digest();
}
