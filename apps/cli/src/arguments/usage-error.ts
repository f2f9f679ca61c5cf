import { OttoError } from "@otto/errors";
import type { CommanderError } from "commander";

/**
 * What commander found wrong with a command line. @param hint what to do where commander has no idea
 * @param answer what to do whatever commander finds similar
 */
export function toUsageError(error: CommanderError, hint: string, answer?: string): OttoError {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const near = suggestion?.replace(/^\((.*)\)$/, "$1");
  return new OttoError("CLI_USAGE", message, { hint: answer ?? near ?? hint, cause: error });
}
