import { type PulledImage, previewPull, pullStack, type StackPullStep, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { loginsOf } from "./compose-up.js";
import { type PlacementOptions, placeStack } from "./stack-placement.js";

export interface ComposePullOptions extends PlacementOptions {
  /** Default: all that the active profiles leave. */
  readonly services?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
}

/**
 * Pulls the images of a repo's stack onto its parent, as `docker compose pull`, with this machine's logins, else the parent's.
 * Those that the repo or Compose builds are left out. Containers stay as they are: `composeUp` replaces those of another image.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` before anything is done, and what `pullStack` throws
 */
export async function composePull(repo: Repo, lab: Lab, options: ComposePullOptions = {}): Promise<PulledImage[]> {
  const stack = await placeForPull(repo, lab, options);
  return pullStack(stack, { ...options, findLogin: loginsOf(lab, options) });
}

/** What {@link composePull} would ask registries for. Changes nothing. @throws OttoError as {@link composePull} */
export async function planComposePull(
  repo: Repo,
  lab: Lab,
  options: ComposePullOptions = {},
): Promise<StackPullStep[]> {
  return previewPull(await placeForPull(repo, lab, options), options);
}

function placeForPull(repo: Repo, lab: Lab, options: ComposePullOptions) {
  return placeStack(repo, lab, options, { services: options.services, noDeps: true });
}
