import { OttoError } from "@otto/errors";
import type { Place } from "./yaml-tree.js";

export type ComposeErrorCode =
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

/** An error at a place of a compose file; its message begins with that place. */
export function composeError(code: ComposeErrorCode, place: Place, message: string): OttoError<ComposeErrorCode> {
  const { file, line, key } = place;
  return new OttoError(code, `${mentionOf(place)}: ${message}`, { hint: hints[code], details: { file, line, key } });
}

/** `docker/compose.yml:7 services.api.volumes[0]` */
export function mentionOf({ file, line, key }: Place): string {
  const where = line > 0 ? `${file}:${line}` : file;
  return key === "" ? where : `${where} ${key}`;
}
