import type { Readable } from "node:stream";
import { createRedactor, type Redactor, type Secret } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { asking } from "../connection/engine-error.js";
import { sendToEngine } from "../connection/engine-message.js";
import type { EngineRequest } from "../connection/engine-request.js";
import { readJsonLines, textField } from "../connection/json-lines.js";
import { type RegistryCredentials, registryConfigHeader, secretsOf } from "../images/registry-credentials.js";
import { buildFailed } from "./build-failure.js";
import { buildParameters } from "./build-parameters.js";
import type { BuildProgress } from "./build-progress.js";
import { TarBuildLog } from "./tar-build-log.js";

export interface BuildImageOptions {
  /** `name:tag` that the finished image gets. */
  readonly tag: string;
  /** The Dockerfile's path in the tar. */
  readonly dockerfile: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly pull?: boolean;
  /** Whether steps run even where the engine has their layers. Default false. */
  readonly noCache?: boolean;
  readonly cacheFrom?: readonly string[];
  readonly networkMode?: string | undefined;
  readonly extraHosts?: readonly string[];
  /** In bytes. */
  readonly shmSizeBytes?: number | undefined;
  /** What it throws ends no build: the call rejects with it afterwards. */
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
  /** The Dockerfile, of which the error of a failed build quotes the lines around the one that failed. Default: no quote. */
  readonly dockerfileText?: string | undefined;
  /** The Dockerfile's line of a step, for the error of one that fails; steps are named as in {@link BuildProgress}. */
  readonly locateStep?: ((step: string) => number | undefined) | undefined;
}

export interface TarBuildOptions extends BuildImageOptions {
  /** For base images, by registry host; sent with this request alone. Default: none. */
  readonly credentials?: Readonly<Record<string, RegistryCredentials>> | undefined;
  /** What no output or error may show besides `credentials`. Default: nothing. */
  readonly redact?: readonly Secret[] | undefined;
}

/**
 * Builds the context in `tar` with the engine's own builder. Closing the connection (an abort) cancels the build.
 * @throws OttoError `ENGINE_BUILD_FAILED`, with `details.output`, `step`, `line` and `exitCode`.
 */
export async function buildImage(
  client: EngineClient,
  tar: Readable,
  options: TarBuildOptions,
  request: EngineRequest,
): Promise<void> {
  const query = { ...buildParameters(options), version: "1" };
  const headers = { "Content-Type": "application/x-tar", ...registryConfigHeader(options.credentials ?? {}) };
  const secrets = [...Object.values(options.credentials ?? {}).flatMap(secretsOf), ...(options.redact ?? [])];
  await asking({ ...request, secrets }, `building ${options.tag}`, async () => {
    const stream = await sendToEngine(client, { method: "POST", path: "/build", query, headers, body: tar }, request);
    await followBuild(stream, options, createRedactor(secrets));
  });
}

async function followBuild(stream: Readable, options: TarBuildOptions, redactor: Redactor): Promise<void> {
  const log = new TarBuildLog(options.onProgress ?? (() => {}), redactor);
  for await (const line of readJsonLines(stream)) {
    if (textField(line, "error") !== undefined) throw buildFailed(options, log.failure(line));
    log.follow(line);
  }
  log.end();
}
