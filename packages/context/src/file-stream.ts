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

/** A file's bytes in pieces; fails with CONTEXT_FILE_CHANGED when they are not those of the entry. */
export function readVerified(root: string, entry: FileEntry): Iterable<Buffer> | AsyncIterable<Buffer> {
  return entry.size > chunkBytes ? readLarge(root, entry) : readSmall(root, entry);
}

/** The same as a stream. */
export function openVerified(root: string, entry: FileEntry): Readable {
  return Readable.from(readVerified(root, entry), { objectMode: false, highWaterMark: chunkBytes });
}

/** In one step and on this thread: for a small file, handing each call to another takes longer than the call. */
function* readSmall(root: string, entry: FileEntry): Generator<Buffer> {
  const bytes = readWhole(root, entry);
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

async function* readLarge(root: string, entry: FileEntry): AsyncGenerator<Buffer> {
  await using file = await openHashed(root, entry);
  const digest = createHash("sha256");
  let left = entry.size;
  while (left > 0) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, left));
    const { bytesRead } = await file.read(chunk, 0, chunk.length);
    if (bytesRead === 0) throw notWhatWasHashed(entry);
    left -= bytesRead;
    const read = chunk.subarray(0, bytesRead);
    digest.update(read);
    yield read;
  }
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1);
  if (bytesRead > 0 || digest.digest("hex") !== entry.digest) throw notWhatWasHashed(entry);
}

async function openHashed(root: string, entry: FileEntry) {
  try {
    const file = await open(entryFsPath(root, entry.path), openFlags);
    const stats = await file.stat();
    if (stats.isFile() && stats.size === entry.size) return file;
    await file.close();
  } catch (error) {
    if (!isMissing(error)) throw unreadable(entry.path, error);
  }
  throw notWhatWasHashed(entry);
}

function notWhatWasHashed(entry: FileEntry): OttoError {
  return fileChanged(entry.path, "it is not what was hashed");
}
