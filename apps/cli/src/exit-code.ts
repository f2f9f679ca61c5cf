import { isOttoError } from "@otto/errors";

export const exitCodes = { done: 0, failed: 1, usage: 2, neverRan: 255 } as const;

// Mistakes of the caller that no package of files and labs finds.
const usageCodes: readonly string[] = ["BUILD_IMAGE_UNKNOWN", "COMPOSE_UNKNOWN_SERVICE", "HOST_AMBIGUOUS"];

// What an instruction did, not how it was asked for.
const failureCodes: readonly string[] = ["INSTRUCTION_EXIT_CODE_INVALID", "INSTRUCTION_FAILED"];

/** 2 for a mistake in the command line, the settings or the lab; else 1. */
export function exitCodeOf(error: unknown): number {
  if (!isOttoError(error) || failureCodes.includes(error.code)) return exitCodes.failed;
  const isUsage = /^(CLI|CONFIG|INSTRUCTION|LAB)_/.test(error.code) || usageCodes.includes(error.code);
  return isUsage ? exitCodes.usage : exitCodes.failed;
}
