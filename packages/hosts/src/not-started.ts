import { OttoError } from "@otto/errors";

// What runc says when it fails by itself, or the container ends under it: of the program it says nothing.
const runtimeFailure = /\binit-p\b|setns process/;

/** The error of a program that never ran; `name` is what was being done. */
export function notStarted(name: string, reason = "it could not be started"): OttoError {
  const isRuntime = runtimeFailure.test(reason);
  return new OttoError("HOST_COMMAND_NOT_STARTED", `${name}: ${reason}`, { details: { isRuntime } });
}
