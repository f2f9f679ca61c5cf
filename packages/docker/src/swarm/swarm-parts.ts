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
  type SwarmStack,
  takeDownSwarm,
} from "@otto/swarm";
import { currentUser } from "../current-user.js";
import { buildPart } from "../part-builds.js";
import { loginsOf } from "../registry-logins.js";
import type { StackPart } from "../stack-parts.js";
import type { PlacementOptions } from "../stack-placement.js";
import type { ComposeUpOptions } from "../up-options.js";
import { swarmLocationOf, swarmStackOf } from "./lab-machines.js";
import { registerTasks } from "./swarm-hosts.js";
import { planSwarmImages, resolveSwarmImages } from "./swarm-images.js";

type PlacedPart<Options extends ComposeUpOptions = ComposeUpOptions> = Pick<
  StackPart<Options>,
  "stack" | "options" | "builds"
>;

/** Rolls out what of a repo's stack belongs on the swarm of one manager. */
export async function upSwarmPart(part: PlacedPart, lab: Lab): Promise<Record<string, DockerContainerHost>> {
  const { stack, options } = part;
  const ready = await prepareImages(part, lab);
  const upOptions = { ...options, findLogin: loginsOf(lab, options), who: currentUser() };
  const observed = await bringUpSwarm(ready, upOptions);
  const { parent: manager } = ready;
  return registerTasks(lab, swarmStackOf(stack, lab), { observed, manager, onEvent: options.onEvent });
}

/** Builds what is to be built. @returns the stack as it is deployed, on the manager that answers */
async function prepareImages(part: PlacedPart, lab: Lab): Promise<SwarmStack> {
  const { stack, options, builds } = part;
  const placed = { ...swarmStackOf(stack, lab), parent: await builds.findManager() };
  if (options.build ?? true) await buildPart(part);
  return { ...placed, images: await resolveSwarmImages(placed, lab, options) };
}

/** What {@link upSwarmPart} would do. */
export async function planSwarmPart(
  { stack, options, builds }: PlacedPart<ComposeUpOptions & { readonly builds?: readonly BuildStep[] | undefined }>,
  lab: Lab,
): Promise<UpPreview> {
  const placed = { ...swarmStackOf(stack, lab), parent: await builds.findManager() };
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
export async function startSwarmPart(part: PlacedPart, lab: Lab, own: boolean): Promise<SwarmUse> {
  const { stack, options } = part;
  const ready = await prepareImages(part, lab);
  const leaseOptions = { ...options, own, findLogin: loginsOf(lab, options), who: currentUser() };
  const lease = await leaseSwarm(ready, leaseOptions);
  const { observed } = lease;
  const { parent: manager } = ready;
  return {
    hosts: registerTasks(lab, swarmStackOf(stack, lab), { observed, manager, onEvent: options.onEvent }),
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
