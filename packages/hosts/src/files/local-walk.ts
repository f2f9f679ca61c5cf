import {
  closeSync,
  constants,
  createReadStream,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { becameShorter, copyFailure, nameNotUtf8, specialFile } from "./copy-errors.js";
import { type FileEntry, type FileKind, type FoundFile, permissionBits } from "./file-entry.js";

const readBytes = 256 * 1024;
/** What is no longer than this is read at once. */
const smallBytes = 64 * 1024;
const pauseAfterMs = 10;

/** By device and inode: the path under which a file with several names came. */
type LinkedFiles = Map<string, string>;

/** A path and all below it, each directory's names in the order of their bytes. A file's further names are links to it. */
export async function* walkFiles(root: string, signal: AbortSignal | undefined): AsyncGenerator<FileEntry> {
  const linked: LinkedFiles = new Map();
  const inside = root.endsWith("/") ? root : `${root}/`;
  // The last one is the next. Generators within generators would hand each entry on once for every directory above it.
  const ahead = [""];
  let pausedAt = performance.now();
  for (let path = ahead.pop(); path !== undefined; path = ahead.pop()) {
    signal?.throwIfAborted();
    // Lets timers and sockets have their turn among calls that do not wait.
    if (performance.now() - pausedAt >= pauseAfterMs) {
      await setImmediate();
      pausedAt = performance.now();
    }
    const fullPath = path === "" ? root : inside + path;
    const entry = attempt(fullPath, () => readEntry(fullPath, path, linked));
    yield entry;
    if (entry.kind !== "directory") continue;
    for (const name of attempt(fullPath, () => listNames(fullPath)).reverse())
      ahead.push(path === "" ? name : `${path}/${name}`);
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw copyFailure(`reading ${path}`, error);
  }
}

function findLink(linked: LinkedFiles, path: string, stats: Stats): FileEntry | undefined {
  if (!stats.isFile() || stats.nlink === 1) return undefined;
  const file = `${stats.dev}:${stats.ino}`;
  const target = linked.get(file);
  if (target === undefined) linked.set(file, path);
  return target === undefined ? undefined : { kind: "hardlink", path, target, mtime: timeOf(stats) };
}

/** All bytes of the files at a path. */
export async function measureFiles(root: string, signal: AbortSignal | undefined): Promise<number> {
  let bytes = 0;
  for await (const entry of walkFiles(root, signal)) if (entry.kind === "file") bytes += entry.sizeBytes;
  return bytes;
}

export function kindOf(stats: Stats): FoundFile["kind"] {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  return stats.isSymbolicLink() ? "symlink" : "other";
}

function readEntry(fullPath: string, path: string, linked: LinkedFiles): FileEntry {
  const stats = lstatSync(fullPath);
  const link = findLink(linked, path, stats);
  if (link !== undefined) return link;
  const common = { path, mtime: timeOf(stats) };
  const kind: FileKind = kindOf(stats);
  const mode = stats.mode & permissionBits;
  if (kind === "symlink") return { ...common, kind, target: readlinkSync(fullPath) };
  if (kind === "directory") return { ...common, kind, mode };
  if (kind === "file") {
    return { ...common, kind, mode, sizeBytes: stats.size, content: () => readExactly(fullPath, stats.size) };
  }
  throw specialFile(fullPath);
}

function timeOf({ mtimeMs }: Stats): number {
  return Math.floor(mtimeMs / 1000);
}

function listNames(directory: string): string[] {
  return readdirSync(directory, { encoding: "buffer" })
    .sort((one, other) => Buffer.compare(one, other))
    .map((bytes) => {
      const name = bytes.toString();
      if (!name.includes("\ufffd") || Buffer.compare(Buffer.from(name), bytes) === 0) return name;
      throw nameNotUtf8(join(directory, name));
    });
}

// Of many small files, most of the time goes to what is around an asynchronous call: at once takes an eighth of it.
function readSmall(path: string, sizeBytes: number): Buffer {
  // What has become a FIFO since it was looked at must not hold this process.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const content = Buffer.allocUnsafe(sizeBytes);
    let filled = 0;
    for (let read = -1; filled < sizeBytes && read !== 0; filled += read) {
      read = readSync(file, content, filled, sizeBytes - filled, null);
    }
    return content.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

/** As many bytes as were promised: an archive has no place for others. */
async function* readExactly(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes;
  try {
    if (sizeBytes <= smallBytes) {
      const content = readSmall(path, sizeBytes);
      left -= content.length;
      yield content;
    } else {
      const source = createReadStream(path, { end: Math.max(0, sizeBytes - 1), highWaterMark: readBytes });
      for await (const chunk of source as AsyncIterable<Buffer>) {
        if (left === 0) break;
        left -= chunk.length;
        yield chunk;
      }
    }
  } catch (error) {
    throw copyFailure(`reading ${path}`, error);
  }
  if (left > 0) throw becameShorter(path);
}
