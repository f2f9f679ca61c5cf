import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { OttoError } from "@otto/errors";
import type { FileEntry } from "@otto/hashing";
import { fileChanged, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";

const chunkBytes = 64 * 1024;

/** Streams a file and fails with CONTEXT_FILE_CHANGED when its bytes are not those of the entry. */
export function openVerified(root: string, entry: FileEntry): Readable {
  return Readable.from(readVerified(root, entry), { objectMode: false, highWaterMark: chunkBytes });
}

async function* readVerified(root: string, entry: FileEntry): AsyncGenerator<Buffer> {
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
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(entryFsPath(root, entry.path), flags);
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
