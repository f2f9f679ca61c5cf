import {
  type BuildImagesOnOptions,
  type BuildImagesOptions,
  type BuildTarget,
  buildImages as build,
  buildImagesOn as buildOn,
  type ImageResult,
} from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { withBuildDefaults } from "./build-defaults.js";

/**
 * `buildImages` of `@otto/build`; `env` is this process's environment by default, `who` its user. Within
 * `withLab`, who listens to the lab hears its events.
 */
export function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  return build(repo, parent, withBuildDefaults(options));
}

/** `buildImagesOn` of `@otto/build`, with the defaults of {@link buildImages}. */
export function buildImagesOn(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: BuildImagesOnOptions = {},
): Promise<Record<string, Record<string, ImageResult>>> {
  return buildOn(repo, targets, withBuildDefaults(options));
}
