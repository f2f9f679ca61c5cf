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
  return build(repo, parent, withDefaults(options));
}

/** `buildImagesOn` of `@otto/build`, with the defaults of {@link buildImages}. */
export function buildImagesOn(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: BuildImagesOnOptions = {},
): Promise<Record<string, Record<string, ImageResult>>> {
  return buildOn(repo, targets, withDefaults(options));
}

type Listening<Event> = Omit<BuildImagesOptions, "onEvent"> & {
  readonly onEvent?: ((event: Event) => void) | undefined;
};

function withDefaults<Event extends { readonly type: string }>(options: Listening<Event>): Listening<Event> {
  const { env = process.env, who = currentUser() } = options;
  const lab = findCurrentLab();
  const heard = lab?.onActivity === undefined ? {} : { onEvent: withActivity(lab, options.onEvent).onEvent };
  return { ...options, ...heard, env, who };
}
