import { OttoError } from "@otto/errors";
import { formatLocation, type Location } from "./location.js";

type ComposeErrorCode =
  | "COMPOSE_FILE_INVALID"
  | "COMPOSE_FILE_MISSING"
  | "COMPOSE_PATH_OUTSIDE_REPO"
  | "COMPOSE_PATH_UNSUPPORTED"
  | "COMPOSE_SERVICE_UNKNOWN"
  | "COMPOSE_VARIABLE_UNSET";

const hints: Readonly<Record<ComposeErrorCode, string>> = {
  COMPOSE_FILE_INVALID: "Correct the file there. In YAML it is often the indentation.",
  COMPOSE_FILE_MISSING: "Create it, or correct the path that names it.",
  COMPOSE_PATH_OUTSIDE_REPO: "Move it into the repo, or allow the path in the settings.",
  COMPOSE_PATH_UNSUPPORTED: "Only files and directories can be shipped.",
  COMPOSE_SERVICE_UNKNOWN: "Name a service that the compose files declare.",
  COMPOSE_VARIABLE_UNSET: "Set it in the environment or in the .env file.",
};

/** An error at a location of a compose file; its message begins with that location. */
export function composeError(code: ComposeErrorCode, location: Location, message: string): OttoError<ComposeErrorCode> {
  const { file, line, key } = location;
  return new OttoError(code, `${formatLocation(location)}: ${message}`, {
    hint: hints[code],
    details: { file, line, key },
  });
}
