import { OttoError } from "@otto/errors";
import type { CommanderError } from "commander";

/** What commander found wrong with a command line; `help` shows how it is written. */
export function toUsageError(error: CommanderError, help = "otto --help"): OttoError {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const near = suggestion?.replace(/^\((.*)\)$/, "$1");
  return new OttoError("CLI_USAGE", message, { hint: near ?? `See ${help}.`, cause: error });
}
