import type { BuildStep } from "@otto/build";
import {
  createStackRedactor,
  type DownOptions,
  type DownStep,
  type StackRedactor,
  type UpPreview,
} from "@otto/compose";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import {
  bringUpSwarm,
  leaseSwarm,
  previewDownSwarm,
  previewUpSwarm,
  type SwarmDownOutcome,
  takeDownSwarm,
} from "@otto/swarm";
import { currentUser } from "../current-user.js";
import { loginsOf } from "../registry-logins.js";
import type { StackPart } from "../stack-parts.js";
import type { PlacementOptions } from "../stack-placement.js";
import type { ComposeUpOptions } from "../up-options.js";
import { swarmLocationOf, swarmStackOf } from "./lab-machines.js";
import { registerTasks } from "./swarm-hosts.js";
import { planSwarmImages, prepareSwarmImages } from "./swarm-images.js";

type PlacedPart<Options extends ComposeUpOptions = ComposeUpOptions> = Pick<StackPart<Options>, "stack" | "options">;

/** Rolls out what of a repo's stack belongs on the swarm of one manager. */
export async function upSwarmPart(
  { stack, options }: PlacedPart,
  lab: Lab,
): Promise<Record<string, DockerContainerHost>> {
  const placed = swarmStackOf(stack, lab);
  const images = await prepareSwarmImages(placed, lab, options);
  const ready = { ...placed, images };
  const upOptions = { ...options, findLogin: loginsOf(lab, options), who: currentUser() };
  return registerTasks(lab, ready, await bringUpSwarm(ready, upOptions), options.onEvent);
}

/** What {@link upSwarmPart} would do. */
export async function planSwarmPart(
  { stack, options }: PlacedPart<ComposeUpOptions & { readonly builds?: readonly BuildStep[] | undefined }>,
  lab: Lab,
): Promise<UpPreview> {
  const placed = swarmStackOf(stack, lab);
  const images = await planSwarmImages(placed, lab, options);
  const { signal, onEvent } = options;
  const { plan, notices } = await previewUpSwarm({ ...placed, images }, { findLogin: loginsOf(lab, options), signal });
  for (const message of notices) onEvent?.({ type: "compose.warning", project: stack.project, message });
  return plan;
}

/** The use of what is on one swarm. */
export interface SwarmUse {
  readonly hosts: Readonly<Record<string, DockerContainerHost>>;
  readonly redactor: StackRedactor;
  release(): Promise<void>;
}

/** Rolls it out for as long as somebody uses it. */
export async function startSwarmPart({ stack, options }: PlacedPart, lab: Lab, own: boolean): Promise<SwarmUse> {
  const placed = swarmStackOf(stack, lab);
  const images = await prepareSwarmImages(placed, lab, options);
  const ready = { ...placed, images };
  const lease = await leaseSwarm(ready, { ...options, own, findLogin: loginsOf(lab, options), who: currentUser() });
  return {
    hosts: registerTasks(lab, ready, lease.observed, options.onEvent),
    redactor: createStackRedactor(stack),
    release: async () => {
      await lease.release(() => lab.hosts.unregister(stack.project, stack.parent.id));
    },
  };
}

interface DownChoice extends PlacementOptions, Pick<DownOptions, "signal" | "onEvent" | "onPhase" | "services"> {
  readonly volumes?: boolean | undefined;
}

export function takeSwarmPartDown(part: RepoPart, lab: Lab, options: DownChoice): Promise<SwarmDownOutcome> {
  return takeDownSwarm(swarmLocationOf(part, lab, options), { ...options, who: currentUser() });
}

/** What {@link takeSwarmPartDown} would remove. */
export function planSwarmPartDown(part: RepoPart, lab: Lab, options: DownChoice): Promise<DownStep[]> {
  return previewDownSwarm(swarmLocationOf(part, lab, options), options);
}
