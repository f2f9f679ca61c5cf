import { createDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { asking, hasStatus } from "../connection/engine-error.js";
import type { EngineRequest } from "../connection/engine-request.js";
import { splitTarget } from "./image-target.js";

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
      const image = await createDockerClient(client, request).getImage(reference).inspect();
      const labels = image.Config?.Labels ?? {};
      return { id: image.Id, tags: image.RepoTags ?? [], labels, architecture: image.Architecture };
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
  request: EngineRequest,
): Promise<void> {
  const { repository: repo, tag } = splitTarget(names.target);
  await asking(request, `tagging ${names.source} as ${names.target}`, () =>
    createDockerClient(client, request).getImage(names.source).tag({ repo, tag }),
  );
}

/** Removes a tag, and the image with its last one. An absent one is fine. */
export async function removeImage(client: EngineClient, reference: string, request: EngineRequest): Promise<void> {
  await asking(request, `removing the image ${reference}`, async () => {
    try {
      await createDockerClient(client, request).getImage(reference).remove();
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  });
}
