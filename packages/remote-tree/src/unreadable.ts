import { cleanText, describeFileError, isSystemError, OttoError } from "@otto/errors";
import { hasRawBytes, printablePath } from "@otto/hashing";

/**
 * The result of work on a file of this machine.
 * @throws OttoError `STAGING_FILE_UNREADABLE` in place of an error of the file system
 */
export async function readingFile<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asUnreadable(path, error);
  }
}

/** An error of the file system with the path and a hint; any other stays what it is. */
export function asUnreadable(path: string, error: unknown): unknown {
  return isSystemError(error) ? unreadable(path, describeFileError(error), error) : error;
}

/** The scripts that work on a tree on the parent know names of UTF-8 only. */
export function refuseRawBytes(path: string, text: string): void {
  if (hasRawBytes(text)) throw unreadable(path, `${JSON.stringify(printablePath(text))} is not UTF-8`);
}

function unreadable(path: string, reason: string, cause?: unknown): OttoError {
  const shown = printablePath(path);
  return new OttoError("STAGING_FILE_UNREADABLE", `listing ${cleanText(shown)}: ${reason}`, {
    hint: "Make it readable (chmod, sudo) or rename it, or leave it out: mount only what is needed, or name it in .dockerignore.",
    details: { path: shown },
    cause,
  });
}
