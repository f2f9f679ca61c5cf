import { isRuntimeFailure } from "@otto/engine";
import { OttoError } from "@otto/errors";

/** The error of a program that never ran; `name` is what was being done. */
export function notStarted(name: string, reason = "it could not be started"): OttoError {
  const details = { isRuntime: isRuntimeFailure(reason) };
  return new OttoError("HOST_COMMAND_NOT_STARTED", `${name}: ${reason}`, { details });
}
