import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { FileEntry } from "@otto/hashing";
import { fileChanged, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";

const chunkBytes = 256 * 1024;
const attempts = 3;

/**
 * Reads a file's digest, from one reading during which it did not change.
 *
 * @returns nothing when there is no file (any more)
 * @throws CONTEXT_UNREADABLE
 * @throws CONTEXT_FILE_CHANGED when it changes at every attempt
 */
export async function readFileEntry(root: string, path: string, pacer: Pacer): Promise<FileEntry | undefined> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const fd = openFile(root, path);
    if (fd === undefined) return undefined;
    try {
      const before = fstatSync(fd, { bigint: true });
      const digest = await readDigest(fd, buffer, pacer);
      const after = fstatSync(fd, { bigint: true });
      if (before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs && before.size === after.size) {
        return { path, kind: "file", size: Number(after.size), executable: (after.mode & 0o100n) !== 0n, digest };
      }
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      closeSync(fd);
    }
  }
  throw fileChanged(path);
}

function openFile(root: string, path: string): number | undefined {
  try {
    return openSync(entryFsPath(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(path, error);
  }
}

async function readDigest(fd: number, buffer: Buffer, pacer: Pacer): Promise<string> {
  const first = readSync(fd, buffer, 0, chunkBytes, null);
  if (first < chunkBytes) return hash("sha256", buffer.subarray(0, first), "hex");
  const digest = createHash("sha256");
  for (let length = first; length > 0; length = readSync(fd, buffer, 0, chunkBytes, null)) {
    digest.update(buffer.subarray(0, length));
    if (pacer.due()) await pacer.pause();
  }
  return digest.digest("hex");
}
