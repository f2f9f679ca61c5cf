import { createHash, hash } from "node:crypto";
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const chunkBytes = 256 * 1024;
// Never through a link that took the file's place, never waiting for a FIFO's other end.
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file's digest and the stat it had before and after the reading. */
export interface FileDigest {
  readonly stats: BigIntStats;
  /** A character a byte: for thousands of files a quarter faster to make than a buffer. */
  readonly digest: string;
}

/** Reused from file to file: allocating one for each takes longer than reading it. */
export function createReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(chunkBytes);
}

/**
 * Digests one file, pausing after each chunk of a large one for the caller to do other things. Synchronous calls: for
 * small files they take a tenth of the time of asynchronous ones.
 *
 * @returns nothing when the file changed meanwhile, or is no file any more
 */
export function* digestFile(path: string | Buffer, buffer: Buffer): Generator<void, FileDigest | undefined> {
  const fd = openSync(path, openFlags);
  try {
    const before = fstatSync(fd, { bigint: true });
    if (!before.isFile()) return undefined;
    const { digest, sizeBytes } = yield* digestContent(fd, buffer);
    const after = fstatSync(fd, { bigint: true });
    const same = before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs && before.size === after.size;
    return same && BigInt(sizeBytes) === after.size ? { stats: after, digest } : undefined;
  } finally {
    closeSync(fd);
  }
}

function* digestContent(fd: number, buffer: Buffer): Generator<void, { digest: string; sizeBytes: number }> {
  const first = readSync(fd, buffer, 0, chunkBytes, null);
  if (first < chunkBytes) return { digest: hash("sha256", buffer.subarray(0, first), "binary"), sizeBytes: first };
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for (let length = first; length > 0; length = readSync(fd, buffer, 0, chunkBytes, null)) {
    digest.update(buffer.subarray(0, length));
    sizeBytes += length;
    yield;
  }
  return { digest: digest.digest("binary"), sizeBytes };
}
