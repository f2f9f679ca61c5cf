import { posix } from "node:path";
import type { UnsendableEntry } from "@otto/context";
import { cleanText, describeFileError, isOttoError, OttoError } from "@otto/errors";
import { printablePath } from "@otto/hashing";

/** What reading a tree came to, with the whole paths of this machine in its errors. */
export async function readingFiles<T>(root: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asLocal(root, error);
  }
}

/** Sockets, FIFOs and devices are left out; what may not be read is an error. */
export function refuseUnreadable(root: string, unsendable: readonly UnsendableEntry[]): void {
  const first = unsendable.find(({ error }) => isOttoError(error, "CONTEXT_UNREADABLE"));
  if (first !== undefined) throw asLocal(root, first.error);
}

export async function* verifyReading(
  root: string,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* pieces;
  } catch (error) {
    throw asLocal(root, error);
  }
}

function asLocal(root: string, error: unknown): unknown {
  if (!isOttoError(error)) return error;
  const inside = typeof error.details?.path === "string" ? error.details.path : "";
  const path = posix.resolve(printablePath(root), inside);
  if (error.code === "CONTEXT_UNREADABLE") return unreadable(path, error.cause);
  return error.code === "CONTEXT_FILE_CHANGED" ? fileChanged(path, error) : error;
}

function unreadable(path: string, cause: unknown): OttoError {
  return new OttoError("STAGING_FILE_UNREADABLE", `listing ${cleanText(path)}: ${describeFileError(cause)}`, {
    hint: "Make it readable (chmod, sudo), or leave it out: mount only what is needed, or name it in .dockerignore.",
    details: { path },
    cause,
  });
}

function fileChanged(file: string, cause: unknown): OttoError {
  return new OttoError("STAGING_FILE_CHANGED", `sending ${cleanText(file)}: it changed after it was listed`, {
    hint: "Run the command again when nothing writes to it.",
    details: { file },
    cause,
  });
}
