import type { DockerImage, Repo } from "@otto/config";
import { contextHash as hashContext, type ReadContextOptions } from "@otto/context";
import { contextSource } from "./context-source.js";
import { createWantedReader } from "./wanted-images.js";

export interface ContextHashOptions extends ReadContextOptions {
  /** The repo that declares the image: the hashes of its others that this one stands on count. Default: none count. */
  readonly repo?: Repo | undefined;
}

/**
 * The digest of all of an image's build inputs, 64 hex digits.
 * @throws OttoError what `readContext` of `@otto/context` throws; with `repo`, `BUILD_BASE_FAILED` and `BUILD_BASE_CYCLE`
 */
export async function contextHash(image: DockerImage, options: ContextHashOptions = {}): Promise<string> {
  const { repo, ...reading } = options;
  if (repo === undefined) return hashContext(contextSource(image), reading);
  return (await createWantedReader(repo, reading)(image)).context.hash;
}
