import { closeSync, constants, fstatSync, openSync, type PathLike, readSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";

/** Bytes. No file of settings, hosts, rules or variables that a person writes comes near. */
export const defaultFileLimit = 16 << 20;

// Opening a FIFO that nobody writes to would wait for ever, and a terminal would become ours.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Reads a file that somebody else may have made: a regular one, of a bounded size. Links are followed.
 * @param limitBytes default 16 MiB
 * @throws what opening it throws; else an error with the code `ENOTREG` (a FIFO, a device, a socket; a directory is
 * `EISDIR`) or `EFBIG`
 */
export async function readBoundedFile(path: PathLike, limitBytes = defaultFileLimit): Promise<Buffer> {
  const file = await open(path, openFlags);
  try {
    const buffer = Buffer.allocUnsafe(roomFor(await file.stat(), path, limitBytes));
    const total = { buffer, size: 0 };
    for (;;) {
      const { bytesRead } = await file.read(total.buffer, total.size, total.buffer.length - total.size);
      if (bytesRead === 0) return total.buffer.subarray(0, total.size);
      grow(total, bytesRead, path, limitBytes);
    }
  } finally {
    await file.close();
  }
}

/** The same, while everything else waits. */
export function readBoundedFileSync(path: PathLike, limitBytes = defaultFileLimit): Buffer {
  const file = openSync(path, openFlags);
  try {
    const buffer = Buffer.allocUnsafe(roomFor(fstatSync(file), path, limitBytes));
    const total = { buffer, size: 0 };
    for (;;) {
      const bytesRead = readSync(file, total.buffer, total.size, total.buffer.length - total.size, null);
      if (bytesRead === 0) return total.buffer.subarray(0, total.size);
      grow(total, bytesRead, path, limitBytes);
    }
  } finally {
    closeSync(file);
  }
}

/** Whether an error comes from the operating system, as `node:fs` and sockets throw it. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

/** Why {@link readBoundedFile} or the file system did not give a file, for a message: `no such file`, `a FIFO, not a regular file`. */
export function describeFileError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return "no such file";
  if (code === "EISDIR") return "a directory, not a file";
  if (error instanceof FileRefusal) return error.reason;
  return code ?? message;
}

class FileRefusal extends Error {
  readonly code: "ENOTREG" | "EFBIG" | "EISDIR";
  readonly reason: string;

  constructor(code: FileRefusal["code"], reason: string, path: PathLike) {
    super(`${code}: ${reason}, read '${path.toString()}'`);
    this.code = code;
    this.reason = reason;
  }
}

interface Total {
  buffer: Buffer;
  size: number;
}

function grow(total: Total, bytesRead: number, path: PathLike, limitBytes: number): void {
  total.size += bytesRead;
  if (total.size > limitBytes) throw tooLarge(path, limitBytes);
  if (total.size < total.buffer.length) return;
  // It has become longer, or is one of /proc, which says 0.
  const longer = Buffer.allocUnsafe(Math.min(2 * total.buffer.length, limitBytes + 1));
  total.buffer.copy(longer, 0, 0, total.size);
  total.buffer = longer;
}

/** One more than the file's size, so that its end is seen without growing. */
function roomFor(stats: Stats, path: PathLike, limitBytes: number): number {
  if (!stats.isFile()) throw new FileRefusal(stats.isDirectory() ? "EISDIR" : "ENOTREG", kindOf(stats), path);
  if (stats.size > limitBytes) throw tooLarge(path, limitBytes);
  return stats.size + 1;
}

function tooLarge(path: PathLike, limitBytes: number): FileRefusal {
  const limit = limitBytes < 1 << 20 ? `${limitBytes} bytes` : `${limitBytes >> 20} MiB`;
  return new FileRefusal("EFBIG", `larger than ${limit}`, path);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "a directory, not a file";
  if (stats.isFIFO()) return "a FIFO, not a regular file";
  if (stats.isSocket()) return "a socket, not a regular file";
  return "a device, not a regular file";
}
