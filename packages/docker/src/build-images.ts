import { type BuildImagesOptions, buildImages as build, type ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";

/** `buildImages` of `@otto/build`, with this process's environment as the default of `env`. */
export function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  return build(repo, parent, { env: process.env, ...options });
}
