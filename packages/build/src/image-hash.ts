import type { DockerImage, Repo } from "@otto/config";
import { contextHash as hashContext, type ReadOptions } from "@otto/context";
import { findBuildReach } from "./build-reach.js";
import { contextSource } from "./context-source.js";
import { createWantedReader } from "./wanted-images.js";

export interface ContextHashOptions extends ReadOptions {
  /** The repo that declares the image. With it, the hash covers the declared images that this one is based on. Default: it does not. */
  readonly repo?: Repo | undefined;
}

/**
 * The digest of all of an image's build inputs, 64 hex digits.
 * @throws OttoError what `readContext` of `@otto/context` throws; with `repo`, `BUILD_BASE_FAILED` and `BUILD_BASE_CYCLE`
 */
export async function contextHash(image: DockerImage, options: ContextHashOptions = {}): Promise<string> {
  const { repo, ...reading } = options;
  const findReach = (dockerfile: string) => findBuildReach(dockerfile, image);
  if (repo === undefined) return hashContext(contextSource(image), { ...reading, findReach });
  return (await createWantedReader(repo, reading)(image)).context.hash;
}
