import { type PulledImage, previewPull, pullStack, type StackPullStep, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab, RepoPart } from "@otto/host-registry";
import { currentUser } from "./current-user.js";
import { loginsOf } from "./registry-logins.js";
import { callParts, joinRows, type OnParent } from "./repo-parts.js";
import { type PlacementOptions, placeStack } from "./stack-placement.js";
import { requireComposeEngine } from "./swarm/stack-engine.js";

export interface ComposePullOptions extends PlacementOptions {
  /** Default: all that the active profiles leave. */
  readonly services?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: OnParent<UpEvent>) => void) | undefined;
}

/**
 * Pulls the images of a repo's stack onto its parent, as `docker compose pull`, with this machine's logins, else the parent's.
 * Those that the repo or Compose builds are left out. Containers stay as they are: `composeUp` replaces those of another image.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` before anything is done, and what `pullStack` throws
 */
export async function composePull(
  repo: Repo,
  lab: Lab,
  options: ComposePullOptions = {},
): Promise<OnParent<PulledImage>[]> {
  const results = await callParts({ repo, lab, doing }, options, async (part, own) =>
    pullStack(await placeForPull(part, lab, own), { ...own, findLogin: loginsOf(lab, own), who: currentUser() }),
  );
  return joinRows(results);
}

/** What {@link composePull} would ask registries for. Changes nothing. @throws OttoError as {@link composePull} */
export async function planComposePull(
  repo: Repo,
  lab: Lab,
  options: ComposePullOptions = {},
): Promise<OnParent<StackPullStep>[]> {
  const results = await callParts({ repo, lab, doing }, options, async (part, own) =>
    previewPull(await placeForPull(part, lab, own), own),
  );
  return joinRows(results);
}

const doing = "choosing services";

function placeForPull(part: RepoPart, lab: Lab, options: ComposePullOptions) {
  requireComposeEngine(
    part,
    "otto docker pull",
    "Nodes pull by themselves; to roll out newer images: `otto docker up --pull always`.",
  );
  return placeStack(part, lab, options, { choice: { services: options.services, noDeps: true } });
}
