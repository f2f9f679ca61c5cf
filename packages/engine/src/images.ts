import type Docker from "dockerode";
import { asking, hasStatus } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";

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
  docker: Docker,
  reference: string,
  request: EngineRequest,
): Promise<ImageInfo | undefined> {
  return asking(request, `looking for the image ${reference}`, async () => {
    try {
      const image = await docker.getImage(reference).inspect();
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
  docker: Docker,
  names: { source: string; target: string },
  request: EngineRequest,
): Promise<void> {
  const at = names.target.lastIndexOf(":");
  const options = { repo: names.target.slice(0, at), tag: names.target.slice(at + 1), ...request.abort };
  await asking(request, `tagging ${names.source} as ${names.target}`, () => docker.getImage(names.source).tag(options));
}

/** Removes a tag, and the image with its last one. An absent one is fine. */
export async function removeImage(docker: Docker, reference: string, request: EngineRequest): Promise<void> {
  await asking(request, `removing the image ${reference}`, async () => {
    try {
      await docker.getImage(reference).remove({ ...request.abort });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  });
}
