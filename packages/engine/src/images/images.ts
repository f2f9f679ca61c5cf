import { parseImageReference } from "@otto/hashing";
import { loadDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine, hasStatus } from "../connection/engine-error.js";

export interface ImageInfo {
  /** `sha256:…` */
  readonly id: string;
  readonly tags: readonly string[];
  /** The names under which registries have it, as `registry.example/app@sha256:…`. */
  readonly digests: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** As Go names it: `amd64`. */
  readonly architecture: string;
}

/** @returns the image that `reference` names on this engine, or undefined. */
export async function inspectImage(
  client: EngineClient,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<ImageInfo | undefined> {
  return callEngine(client, { doing: `looking for the image ${reference}`, signal }, async () => {
    try {
      const image = await (await loadDockerClient(client, signal)).getImage(reference).inspect();
      const labels = image.Config?.Labels ?? {};
      const { Id: id, RepoTags: tags, RepoDigests: digests, Architecture: architecture } = image;
      return { id, tags: tags ?? [], digests: digests ?? [], labels, architecture };
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}

/** Points `target` (`name:tag`; without a tag: `latest`) at the image `source`. */
export async function tagImage(
  client: EngineClient,
  names: { source: string; target: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { repository: repo, tag } = splitTarget(names.target);
  await callEngine(client, { doing: `tagging ${names.source} as ${names.target}`, signal }, async () =>
    (await loadDockerClient(client, signal)).getImage(names.source).tag({ repo, tag }),
  );
}

/** Removes a tag, and the image with its last one. An absent one is fine. */
export async function removeImage(
  client: EngineClient,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await callEngine(client, { doing: `removing the image ${reference}`, signal }, async () => {
    try {
      await (await loadDockerClient(client, signal)).getImage(reference).remove();
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  });
}

/** What an image is tagged or pushed as. A digest is left in the name: the engine says that it takes none there. */
export function splitTarget(reference: string): { repository: string; tag: string } {
  const { familiarName, tag = "latest", digest } = parseImageReference(reference);
  return { repository: digest === undefined ? familiarName : `${familiarName}@${digest}`, tag };
}
