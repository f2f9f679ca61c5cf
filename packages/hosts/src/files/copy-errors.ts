import { cleanText, isOttoError, isSystemError, OttoError } from "@otto/errors";

/** A failure of the system under a copy, with the path and the reason; all other errors stay as they are. */
export function copyFailure(doing: string, error: unknown): unknown {
  if (isOttoError(error) || !isSystemError(error)) return error;
  // As `ENOSPC: no space left on device, write '…'`, where the path is one of a descriptor.
  const reason = error.message.replace(/^[A-Z0-9]+: /, "").replace(/, .*$/s, "");
  return copyFailed(doing, reason, error);
}

/** @param doing with the path, as `writing /srv/file on api` */
export function copyFailed(doing: string, reason: string, cause?: unknown): OttoError {
  return new OttoError("FILES_COPY_FAILED", `${doing}: ${cleanText(reason).trim()}`, {
    hint: "Check the space and the permissions there. What was there before is unchanged.",
    cause,
  });
}

/** A path in a mount that the engine does not see. */
export function mountUnreachable(path: string, host: string): OttoError {
  return new OttoError(
    "FILES_COPY_FAILED",
    `reaching ${path} on ${host}: it lies in a mount that the container alone sees`,
    {
      hint: "Copy while the container runs, from an image that has /bin/sh and tar; or leave that path out.",
    },
  );
}

export function notFound(path: string): OttoError {
  return new OttoError("FILES_NOT_FOUND", `copying ${path}: no such file or directory`);
}

export function notDirectory(path: string): OttoError {
  return conflict(`${path} is not a directory`);
}

/** A file where a directory would have to be, or the reverse. */
export function conflict(message: string): OttoError {
  return new OttoError("FILES_CONFLICT", message, { hint: "Name another destination, or remove what is there." });
}

export function specialFile(path: string): OttoError {
  return new OttoError(
    "FILES_SPECIAL",
    `copying ${path}: it is a device, socket or FIFO; only files, directories and links are copied`,
    { details: { path } },
  );
}

export function sameName(name: string, one: string, other: string): OttoError {
  const what = name === "" ? "the contents of two directories" : `two sources named ${name}`;
  return new OttoError("FILES_SAME_NAME", `copying ${one} and ${other}: ${what} would overwrite each other`, {
    hint: "Copy them one by one, each to a place of its own.",
    details: { sources: [one, other] },
  });
}

/** @param path of something whose name is not UTF-8 */
export function nameNotUtf8(path: string): OttoError {
  return new OttoError("FILES_NAME", `copying ${path}: its name is not UTF-8`, {
    hint: "Rename it, or pack the directory with tar and copy the archive.",
  });
}

export function becameShorter(path: string): OttoError {
  return new OttoError("FILES_SOURCE_CHANGED", `copying ${path}: it became shorter while it was read`, {
    hint: "Copy it again when nothing writes to it.",
  });
}

/** What a host gave that is not written. */
export function refused(from: string, path: string, reason: string): OttoError {
  return new OttoError("FILES_REFUSED", `copying from ${from}: refused ${JSON.stringify(cleanText(path))}: ${reason}`, {
    details: { path: cleanText(path) },
  });
}
