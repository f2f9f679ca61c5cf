import { join } from "node:path";
import type { RegistryCredentials } from "@otto/engine";
import { describeFileError, isOttoError, OttoError, readBoundedFile } from "@otto/errors";
import type { Environment } from "../build-secrets.js";
import { askCredentialHelper } from "./credential-helper.js";
import { type DockerConfig, findCredentialPlace, parseDockerConfig } from "./docker-config.js";

/**
 * What the user's Docker configuration (`DOCKER_CONFIG`, else `.docker` in `HOME`) has for a registry.
 * @param options.host as `registry.example:5000`
 * @throws OttoError `DOCKER_CONFIG_INVALID`, `DOCKER_CREDENTIAL_HELPER_FAILED`
 */
export async function findUserCredentials(options: {
  readonly host: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}): Promise<RegistryCredentials | undefined> {
  const { host, env, signal } = options;
  const config = await readDockerConfig(env);
  if (config === undefined) return undefined;
  const place = findCredentialPlace(config, host);
  if (place.in === "file") return place.credentials;
  return place.in === "helper" ? askCredentialHelper({ ...place, env, signal }) : undefined;
}

/** The user's `config.json` of Docker, where there is one. */
export async function readDockerConfig(env: Environment): Promise<DockerConfig | undefined> {
  const directory = env.DOCKER_CONFIG || (env.HOME && join(env.HOME, ".docker"));
  if (!directory) return undefined;
  const file = join(directory, "config.json");
  try {
    return parseDockerConfig((await readBoundedFile(file)).toString(), file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === undefined || isOttoError(error)) throw error;
    throw new OttoError("DOCKER_CONFIG_INVALID", `reading ${file}: ${describeFileError(error)}`, {
      details: { file },
      cause: error,
    });
  }
}
