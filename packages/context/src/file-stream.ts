import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { OttoError } from "@otto/errors";
import type { FileEntry } from "@otto/hashing";
import { fileChanged, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";

const chunkBytes = 64 * 1024;
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Verification {
  /** Bytes behind those of the entry are fine, and left out. Default false. */
  readonly mayGrow?: boolean;
}

/**
 * A file's bytes in pieces; fails with CONTEXT_FILE_CHANGED when they are not those of the entry, before the last piece:
 * whoever reads them never has the whole of a wrong file.
 */
export function readVerified(
  root: string,
  entry: FileEntry,
  { mayGrow = false }: Verification = {},
): Iterable<Buffer> | AsyncIterable<Buffer> {
  return entry.size > chunkBytes ? readLarge(root, entry, mayGrow) : readSmall(root, entry, mayGrow);
}

/** The same as a stream. */
export function openVerified(root: string, entry: FileEntry): Readable {
  return Readable.from(readVerified(root, entry), { objectMode: false, highWaterMark: chunkBytes });
}

/** In one step and on this thread: for a small file, handing each call to another takes longer than the call. */
function* readSmall(root: string, entry: FileEntry, mayGrow: boolean): Generator<Buffer> {
  const read = readWhole(root, entry);
  const bytes = mayGrow ? read.subarray(0, entry.size) : read;
  if (createHash("sha256").update(bytes).digest("hex") !== entry.digest) throw notWhatWasHashed(entry);
  yield bytes;
}

/** At most one byte more than the entry has. */
function readWhole(root: string, entry: FileEntry): Buffer {
  const buffer = Buffer.allocUnsafe(entry.size + 1);
  try {
    const file = openSync(entryFsPath(root, entry.path), openFlags);
    try {
      return buffer.subarray(0, fstatSync(file).isFile() ? readSync(file, buffer) : 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw isMissing(error) ? notWhatWasHashed(entry) : unreadable(entry.path, error);
  }
}

async function* readLarge(root: string, entry: FileEntry, mayGrow: boolean): AsyncGenerator<Buffer> {
  await using file = await openHashed(root, entry, mayGrow);
  const digest = createHash("sha256");
  let left = entry.size;
  while (left > 0) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, left));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) throw notWhatWasHashed(entry);
    left -= bytesRead;
    const read = chunk.subarray(0, bytesRead);
    digest.update(read);
    if (left === 0) {
      const { bytesRead: more } = await file.read(Buffer.alloc(1), 0, 1);
      if ((more > 0 && !mayGrow) || digest.digest("hex") !== entry.digest) throw notWhatWasHashed(entry);
    }
    yield read;
  }
}

async function openHashed(root: string, entry: FileEntry, mayGrow: boolean) {
  try {
    const file = await open(entryFsPath(root, entry.path), openFlags);
    const stats = await file.stat();
    if (stats.isFile() && (mayGrow ? stats.size >= entry.size : stats.size === entry.size)) return file;
    await file.close();
  } catch (error) {
    if (!isMissing(error)) throw unreadable(entry.path, error);
  }
  throw notWhatWasHashed(entry);
}

function notWhatWasHashed(entry: FileEntry): OttoError {
  return fileChanged(entry.path, "it is not what was hashed");
}
