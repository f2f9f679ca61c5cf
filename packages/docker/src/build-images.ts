import { type BuildImagesOptions, buildImages as build, type ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { findCurrentLab } from "./current-lab.js";
import { currentUser } from "./current-user.js";
import { withActivity } from "./lab-activity.js";

/**
 * `buildImages` of `@otto/build`; `env` is this process's environment by default, `who` its user. Within
 * `withLab`, who listens to the lab hears its events.
 */
export function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const { env = process.env, who = currentUser() } = options;
  const lab = findCurrentLab();
  const heard = lab?.onActivity === undefined ? {} : { onEvent: withActivity(lab, options.onEvent).onEvent };
  return build(repo, parent, { ...options, ...heard, env, who });
}
