import type { EngineClient } from "./engine-client.js";
import { asking, hasStatus } from "./engine-error.js";
import { askEngine, encodeReference, tellEngine } from "./engine-message.js";
import type { EngineRequest } from "./engine-request.js";

/** What is used of `GET /images/{name}/json`. */
interface InspectedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null } | null;
  readonly Architecture: string;
}

export interface ImageInfo {
  /** `sha256:…` */
  readonly id: string;
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** As Go names it: `amd64`. */
  readonly architecture: string;
}

/** @returns the image that `reference` names on this engine, or undefined. */
export async function inspectImage(
  client: EngineClient,
  reference: string,
  request: EngineRequest,
): Promise<ImageInfo | undefined> {
  return asking(request, `looking for the image ${reference}`, async () => {
    try {
      const path = `/images/${encodeReference(reference)}/json`;
      const image = await askEngine<InspectedImage>(client, { method: "GET", path }, request);
      const labels = image.Config?.Labels ?? {};
      return { id: image.Id, tags: image.RepoTags ?? [], labels, architecture: image.Architecture };
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}

/** Points `target` (`name:tag`) at the image `source`. */
export async function tagImage(
  client: EngineClient,
  names: { source: string; target: string },
  request: EngineRequest,
): Promise<void> {
  const at = names.target.lastIndexOf(":");
  const query = { repo: names.target.slice(0, at), tag: names.target.slice(at + 1) };
  const path = `/images/${encodeReference(names.source)}/tag`;
  await asking(request, `tagging ${names.source} as ${names.target}`, () =>
    tellEngine(client, { method: "POST", path, query }, request),
  );
}

/** Removes a tag, and the image with its last one. An absent one is fine. */
export async function removeImage(client: EngineClient, reference: string, request: EngineRequest): Promise<void> {
  await asking(request, `removing the image ${reference}`, async () => {
    try {
      await tellEngine(client, { method: "DELETE", path: `/images/${encodeReference(reference)}` }, request);
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  });
}
