import type { Readable } from "node:stream";
import { createRedactor, type Redactor, type Secret } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { readJsonLines, textField } from "../connection/json-lines.js";
import { type RegistryCredentials, registryConfigHeader, secretsOf } from "../images/registry-credentials.js";
import { buildFailed } from "./build-failure.js";
import type { BuildImageOptions } from "./build-options.js";
import { buildParameters } from "./build-parameters.js";
import { TarBuildLog } from "./tar-build-log.js";

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
  signal: AbortSignal | undefined,
): Promise<void> {
  const query = { ...buildParameters(options), version: "1" };
  const headers = { "Content-Type": "application/x-tar", ...registryConfigHeader(options.credentials ?? {}) };
  const secrets = [...Object.values(options.credentials ?? {}).flatMap(secretsOf), ...(options.redact ?? [])];
  const message = { method: "POST", path: "/build", query, headers, body: tar } as const;
  await callEngine(client, { doing: `building ${options.tag}`, signal, secrets }, async () =>
    followBuild(await client.stream(message, signal), options, createRedactor(secrets)),
  );
}

async function followBuild(stream: Readable, options: TarBuildOptions, redactor: Redactor): Promise<void> {
  const log = new TarBuildLog(options.onProgress ?? (() => {}), redactor);
  for await (const line of readJsonLines(stream)) {
    if (textField(line, "error") !== undefined) throw buildFailed(options, log.failure(line));
    log.follow(line);
  }
  log.end();
}
