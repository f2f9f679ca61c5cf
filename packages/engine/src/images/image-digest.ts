import { OttoError } from "@otto/errors";
import { parseImageReference } from "@otto/hashing";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { encodeReference } from "../connection/engine-message.js";
import type { TransferOptions } from "./image-transfer.js";
import { registryAuthHeader, secretsOf } from "./registry-credentials.js";
import { registryHint } from "./registry-hint.js";

/**
 * Asks a registry, by the engine, which image a name means now.
 * @returns the name with its tag and digest: `busybox:latest@sha256:…`
 * @throws OttoError `ENGINE_REQUEST_FAILED` when the registry has no such image or does not answer the engine, `ENGINE_STREAM_INVALID`
 */
export async function findDigest(
  client: EngineClient,
  { reference, credentials }: Pick<TransferOptions, "reference" | "credentials">,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { registry, familiarName, tag = "latest" } = parseImageReference(reference);
  const name = `${familiarName}:${tag}`;
  const path = `/distribution/${encodeReference(name)}/json`;
  const refusalHint = (words: string) => registryHint(words, registry);
  const call = { doing: `resolving ${reference}`, signal, secrets: secretsOf(credentials), refusalHint };
  return callEngine(client, call, async () => {
    const headers = registryAuthHeader(credentials);
    const answer = await client.request<DistributionAnswer>({ method: "GET", path, headers }, signal);
    const digest = answer.Descriptor?.digest;
    if (typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)) return `${name}@${digest}`;
    throw new OttoError("ENGINE_STREAM_INVALID", `resolving ${reference}: the registry's answer has no digest`);
  });
}

interface DistributionAnswer {
  readonly Descriptor?: { readonly digest?: unknown };
}
