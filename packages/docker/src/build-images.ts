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
import { logBuilds } from "./build-log.js";

/**
 * `buildImages` of `@otto/build`; `env` is this process's environment by default, `who` its user. Within
 * `withLab`, who listens to the lab hears its events. What was built or pulled is a line in the log of the parent.
 */
export async function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const given = withBuildDefaults(options);
  const began = performance.now();
  const results = await build(repo, parent, given);
  await logBuilds(repo, [{ parent, results }], { ...given, began });
  return results;
}

/** `buildImagesOn` of `@otto/build`, with the defaults of {@link buildImages}. */
export async function buildImagesOn(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: BuildImagesOnOptions = {},
): Promise<Record<string, Record<string, ImageResult>>> {
  const given = withBuildDefaults(options);
  const began = performance.now();
  const results = await buildOn(repo, targets, given);
  const ends = targets.map(({ parent }) => ({ parent, results: results[parent.id] ?? {} }));
  await logBuilds(repo, ends, { ...given, began });
  return results;
}
