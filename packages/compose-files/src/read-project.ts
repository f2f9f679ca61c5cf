import type { ComposeProject, ComposeSource, LocalReader } from "./project.js";

/**
 * Reads a Compose project and finds every local file it refers to.
 *
 * @throws OttoError `COMPOSE_FILE_INVALID`, `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_PATH_UNSUPPORTED`,
 * `COMPOSE_VARIABLE_UNSET`, `COMPOSE_SERVICE_UNKNOWN`.
 */
export function readComposeProject(source: ComposeSource, reader: LocalReader): Promise<ComposeProject> {
  return Promise.reject(new Error(`not there yet: ${source.files.join()} ${typeof reader}`));
}
