import type { Readable } from "node:stream";
import { cleanText, isOttoError, type Json, OttoError, type Secret } from "@otto/errors";
import { parseImageReference } from "@otto/hashing";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine, hasStatus } from "../connection/engine-error.js";
import { encodeReference } from "../connection/engine-message.js";
import { readJsonLines, textField } from "../connection/json-lines.js";
import { splitTarget } from "./images.js";
import { type RegistryCredentials, registryAuthHeader, secretsOf } from "./registry-credentials.js";
import { registryHint } from "./registry-hint.js";
import { TransferLog, type TransferProgress } from "./transfer-log.js";

export interface TransferOptions {
  /** As for `docker pull`: `busybox` is `busybox:latest`; its name says the registry. */
  readonly reference: string;
  /** Sent with this request alone. Default: none. */
  readonly credentials?: RegistryCredentials | undefined;
  /** What it throws ends no transfer: the call rejects with it afterwards. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

export interface PullOptions extends TransferOptions {
  /** As `linux/arm64`. Default: the engine's own. */
  readonly platform?: string | undefined;
}

/**
 * Has the engine take an image from its registry.
 * @returns whether the registry has it
 * @throws OttoError `ENGINE_PULL_FAILED` when the registry fails in the middle, `ENGINE_REQUEST_FAILED` when it refuses
 */
export async function pullImage(
  client: EngineClient,
  options: PullOptions,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { reference, credentials, platform } = options;
  const { registry, familiarName, tag = "latest", digest } = parseImageReference(reference);
  // The engine takes a digest for a tag.
  const query = { fromImage: familiarName, tag: digest ?? tag, platform };
  const headers = registryAuthHeader(credentials);
  const message = { method: "POST", path: "/images/create", query, headers } as const;
  const refusalHint = (words: string) => registryHint(words, registry);
  const call = { doing: `pulling ${reference}`, signal, secrets: secretsOf(credentials), refusalHint };
  return callEngine(client, call, async () => {
    try {
      await followTransfer(await client.stream(message, signal), options, "ENGINE_PULL_FAILED");
      return true;
    } catch (error) {
      if (hasStatus(error, 404) || isUnknown(error)) return false;
      throw error;
    }
  });
}

/**
 * Has the engine bring an image to its registry; layers that are there are not sent.
 * @returns the digest under which the registry has it, as far as the engine says so
 * @throws OttoError `ENGINE_PUSH_FAILED`
 */
export async function pushImage(
  client: EngineClient,
  options: TransferOptions,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { reference, credentials } = options;
  const { repository, tag } = splitTarget(reference);
  const path = `/images/${encodeReference(repository)}/push`;
  const message = { method: "POST", path, query: { tag }, headers: registryAuthHeader(credentials) } as const;
  const call = { doing: `pushing ${reference}`, signal, secrets: secretsOf(credentials) };
  return callEngine(client, call, async () =>
    followTransfer(await client.stream(message, signal), options, "ENGINE_PUSH_FAILED"),
  );
}

/** Podman says it in the stream, where Docker answers 404; its words of 4.3 and 5.4, the registry's own of the end. */
function isUnknown(error: unknown): boolean {
  return (
    isOttoError(error, "ENGINE_PULL_FAILED") && /reading manifest .*: (?:manifest|name) unknown/s.test(error.message)
  );
}

async function followTransfer(stream: Readable, options: TransferOptions, code: string): Promise<string | undefined> {
  const log = new TransferLog(options.onProgress ?? (() => {}));
  let digest: string | undefined;
  for await (const line of readJsonLines(stream)) {
    const failure = textField(line, "error");
    if (failure !== undefined) throw transferFailed(code, options, failure);
    log.follow(line);
    digest = textField(auxOf(line), "Digest") ?? digest;
  }
  return digest;
}

function auxOf(line: Json): Json {
  return typeof line === "object" && line !== null && "aux" in line ? (line.aux ?? null) : null;
}

function transferFailed(code: string, { reference, credentials }: TransferOptions, failure: string): OttoError {
  const doing = code === "ENGINE_PUSH_FAILED" ? "pushing" : "pulling";
  const secrets: readonly Secret[] = secretsOf(credentials);
  const { registry } = parseImageReference(reference);
  return new OttoError(code, `${doing} ${reference}: ${cleanText(failure, secrets)}`, {
    hint:
      registryHint(failure, registry) ??
      `Check that the engine reaches the registry, and log in to it here: docker login ${registry}`,
    details: { reference },
  });
}
