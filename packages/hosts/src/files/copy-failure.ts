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
