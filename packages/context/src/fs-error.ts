import { describeFileError, OttoError } from "@otto/errors";
import { printablePath } from "@otto/hashing";

/** An error of the file system, as node:fs throws it. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Nothing is there: the name itself is missing, or something on the way is no directory. */
export function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "");
}

/** The user may not read it. */
export function isForbidden(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(errnoOf(error) ?? "");
}

export function unreadable(path: string, cause: unknown): OttoError {
  const shown = JSON.stringify(printablePath(path));
  return new OttoError("CONTEXT_UNREADABLE", `reading ${shown} of the build context: ${describeFileError(cause)}`, {
    hint: "Make it readable, or leave it out with the ignore file.",
    details: { path: printablePath(path) },
    cause,
  });
}

export function fileChanged(path: string, what: string, cause?: unknown): OttoError {
  const shown = JSON.stringify(printablePath(path));
  return new OttoError("CONTEXT_FILE_CHANGED", `reading ${shown} of the build context: ${what}`, {
    hint: "Stop what writes to it, or leave it out with the ignore file; then run the command again.",
    details: { path: printablePath(path) },
    cause,
  });
}
