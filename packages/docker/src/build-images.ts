import { type BuildImagesOptions, buildImages as build, type ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { currentUser } from "./current-user.js";

/** `buildImages` of `@otto/build`; `env` is this process's environment by default, `who` its user. */
export function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const { env = process.env, who = currentUser() } = options;
  return build(repo, parent, { ...options, env, who });
}
