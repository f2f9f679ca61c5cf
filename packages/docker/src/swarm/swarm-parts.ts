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
  reachManager,
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
  const named = swarmStackOf(stack, lab);
  const reached = await reachManager(named, options);
  const images = await prepareSwarmImages(reached, lab, options);
  const upOptions = { ...options, findLogin: loginsOf(lab, options), who: currentUser() };
  const observed = await bringUpSwarm({ ...reached, images }, upOptions);
  return registerTasks(lab, named, { observed, manager: reached.parent, onEvent: options.onEvent });
}

/** What {@link upSwarmPart} would do. */
export async function planSwarmPart(
  { stack, options }: PlacedPart<ComposeUpOptions & { readonly builds?: readonly BuildStep[] | undefined }>,
  lab: Lab,
): Promise<UpPreview> {
  const placed = await reachManager(swarmStackOf(stack, lab), options);
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
  const named = swarmStackOf(stack, lab);
  const reached = await reachManager(named, options);
  const images = await prepareSwarmImages(reached, lab, options);
  const leaseOptions = { ...options, own, findLogin: loginsOf(lab, options), who: currentUser() };
  const lease = await leaseSwarm({ ...reached, images }, leaseOptions);
  const { observed } = lease;
  return {
    hosts: registerTasks(lab, named, { observed, manager: reached.parent, onEvent: options.onEvent }),
    redactor: createStackRedactor(stack),
    release: async () => {
      await lease.release(() => lab.hosts.unregister(stack.project, stack.parent.id));
    },
  };
}

interface DownChoice extends PlacementOptions, Pick<DownOptions, "signal" | "onEvent" | "onPhase" | "services"> {
  readonly volumes?: boolean | undefined;
}

/** @returns `manager`: id of the one that was asked */
export async function takeSwarmPartDown(
  part: RepoPart,
  lab: Lab,
  options: DownChoice,
): Promise<SwarmDownOutcome & { readonly manager: string }> {
  const location = await reachManager(swarmLocationOf(part, lab, options), options);
  return { ...(await takeDownSwarm(location, { ...options, who: currentUser() })), manager: location.parent.id };
}

/** What {@link takeSwarmPartDown} would remove. */
export async function planSwarmPartDown(part: RepoPart, lab: Lab, options: DownChoice): Promise<DownStep[]> {
  return previewDownSwarm(await reachManager(swarmLocationOf(part, lab, options), options), options);
}
