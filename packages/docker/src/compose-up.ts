import { type BuildStep, type PlanBuildOptions, planBuild } from "@otto/build";
import {
  bringUp,
  createContainerHost,
  type ObservedContainer,
  type PlacedStack,
  previewUp,
  readContainerStatus,
  type UpPreview,
} from "@otto/compose";
import { describeMissing, missingDefaultHosts, type Repo } from "@otto/config";
import { type EachOptions, eachPart, type Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { originOf } from "./checkout.js";
import { currentUser } from "./current-user.js";
import { failuresDirectory, withNextSteps } from "./failed-up.js";
import { withActivity } from "./lab-activity.js";
import { buildPart, planBuilds, type UpBuilds } from "./part-builds.js";
import { eachInOrder, findPorts, type PartEnd } from "./port-order.js";
import { loginsOf } from "./registry-logins.js";
import { joinRows, type OnParent } from "./repo-parts.js";
import { preferFreeHosts } from "./role-hosts.js";
import { readParts, type StackPart } from "./stack-parts.js";
import { projectNameOf } from "./stack-placement.js";
import { formatLeftBehind, placesEntries, StackPlaces } from "./stack-places.js";
import { fillSecrets } from "./stack-secrets.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { planSwarmPart, upSwarmPart } from "./swarm/swarm-parts.js";
import type { ComposeUpOptions } from "./up-options.js";

/**
 * Brings a repo's stack up and registers its containers in `lab.hosts`. A stack that runs as declared is left as it is,
 * one that differs converges. If this call started the stack and fails, its logs are saved and what it started is taken down.
 * What belongs on several parents comes up side by side: one that fails does not stop the others, which stay up. A
 * `compose.warning` names a parent that an earlier call used for an entry which now belongs elsewhere.
 *
 * @returns service name to the host of its first container, on the first parent that has it; the others are in `lab.hosts`
 * @throws OttoError before anything is sent `COMPOSE_SECRET_UNKNOWN` and `COMPOSE_SECRET_MISSING`; `BUILD_FAILED` before anything starts on that parent; what `bringUp`, `readStack`, `buildImages` and, with
 * several parents, `eachPart` throw
 */
export async function composeUp(
  repo: Repo,
  lab: Lab,
  given: ComposeUpOptions = {},
): Promise<Record<string, DockerContainerHost>> {
  const options = { ...given, ...withActivity(lab, given.onEvent) };
  await preferFreeHosts(repo, lab, options);
  const parts = await fillSecrets(await readParts(repo, lab, options), lab, options.signal);
  await notePlaces(repo, lab, options);
  return upParts(parts, lab, options);
}

/** Says where an earlier `up` has left what now belongs elsewhere. */
async function notePlaces(repo: Repo, lab: Lab, options: ComposeUpOptions): Promise<void> {
  if (!placesEntries(repo)) return;
  const project = projectNameOf(repo, lab, options);
  // Of a part, the others stay where they are.
  const all = lab.partsOf(repo, options.on).flatMap((part) => part.all ?? [part]);
  const parents = [...new Set(all.map(({ parent }) => parent.id))];
  for (const parent of await new StackPlaces(lab, project).replace(parents)) {
    options.onEvent?.({ type: "compose.warning", project, message: formatLeftBehind(project, parent) });
  }
}

/** Brings up what was read. @param options of the call */
export async function upParts(
  parts: readonly StackPart[],
  lab: Lab,
  { onParent, ...options }: EachOptions & Pick<ComposeUpOptions, "onParent">,
): Promise<Record<string, DockerContainerHost>> {
  const onEnd = ({ parent: { id: parent } }: StackPart, end: PartEnd<Record<string, DockerContainerHost>>) =>
    onParent?.("error" in end ? { parent, error: end.error } : { parent, hosts: end.value });
  return joinHosts(await eachInOrder(parts, (part) => upPart(part, lab), { ...options, onEnd }));
}

/** The hosts of several parents by service name; the first parent's go before. */
export function joinHosts(
  results: readonly Readonly<Record<string, DockerContainerHost>>[],
): Record<string, DockerContainerHost> {
  // A service may be called `constructor` or `__proto__`.
  return Object.fromEntries(results.toReversed().flatMap((hosts) => Object.entries(hosts)));
}

async function upPart(part: StackPart, lab: Lab): Promise<Record<string, DockerContainerHost>> {
  const { stack, options } = part;
  if (stackEngineOf(stack) === "swarm") {
    warnOfStandIn(part, lab);
    return upSwarmPart(part, lab);
  }
  await prepareStack(part, lab);
  const failuresDir = failuresDirectory(lab, options);
  const whose = { who: currentUser(), readOrigin: originOf(stack.repo, lab) };
  const upOptions = { ...options, failuresDir, findLogin: loginsOf(lab, options), ...whose };
  const containers = await bringUp(stack, upOptions).catch((error: unknown) => {
    throw withNextSteps(error, stack.repo, lab, options);
  });
  return registerContainers(lab, stack, containers);
}

/** Builds the images of a stack, unless that is not wanted. */
export async function prepareStack(part: StackPart, lab: Lab): Promise<void> {
  warnOfStandIn(part, lab);
  if (part.options.build ?? true) await buildPart(part);
}

/** Says that the parent stands in for a default host that the lab does not have. */
export function warnOfStandIn(
  { stack: { repo, project, parent }, options: { on, onEvent } }: StackPart,
  lab: Lab,
): void {
  const missing = missingDefaultHosts(repo, lab.data, on);
  if (missing.length === 0) return;
  const message = `${describeMissing(missing, lab.data)}: ${parent.id} is used instead`;
  onEvent?.({ type: "compose.warning", project, message });
}

/**
 * What of building {@link composeUp} would do, by the parts that it brings up: of a swarm without a registry, on each of its nodes.
 * Changes nothing.
 * @throws OttoError what `readStack` and `planBuild` throw, and of a swarm what asking its manager does
 */
export async function planUpBuilds(
  repo: Repo,
  lab: Lab,
  options: Omit<ComposeUpOptions, "onParent"> = {},
): Promise<UpBuilds[]> {
  const parts = await readParts(repo, lab, options);
  return planBuilds(repo, parts, options);
}

export interface PlanUpOptions extends ComposeUpOptions {
  /** What `planBuild` says of the repo's images. Default: it is asked, unless nothing is to be built. */
  readonly builds?: readonly BuildStep[] | undefined;
}

/**
 * What {@link composeUp} would do to each service, apart from building, and what of bind mounts it would not send.
 * Changes nothing.
 * @throws OttoError what `previewUp`, `readStack` and `planBuild` throw; TypeError for `builds` with several parents
 */
export async function planComposeUp(
  repo: Repo,
  lab: Lab,
  options: PlanUpOptions = {},
): Promise<readonly OnParent<UpPreview[number]>[]> {
  await preferFreeHosts(repo, lab, options);
  const parts = await fillSecrets(await readParts(repo, lab, options), lab, options.signal);
  if (parts.length > 1 && options.builds !== undefined)
    throw new TypeError("planComposeUp: builds is what planBuild says of one parent, and there are several");
  const results = await eachPart(
    parts,
    async (part) => ({ part: part.stack, value: await planPart(part, lab) }),
    options,
  );
  return joinRows(results);
}

async function planPart(part: StackPart<PlanUpOptions>, lab: Lab): Promise<UpPreview> {
  const { options, images, ports } = part;
  const stack = ports.length === 0 ? part.stack : await part.read({ portOf: await findPorts(ports, options.signal) });
  if (stackEngineOf(stack) === "swarm") return planSwarmPart({ ...part, stack }, lab);
  const { build = true, cacheDir, signal } = options;
  const planned = { imageNames: images, cacheDir, signal };
  const builds = build ? (options.builds ?? (await planImages(stack, planned))) : [];
  return previewUp(stack, { ...options, builtImages: builtImages(builds) });
}

/** By name, the image that each `:latest` will be: undefined where that is not known before it is built. */
function builtImages(steps: readonly BuildStep[]): Map<string, string | undefined> {
  const built = steps.flatMap((step) => {
    if (step.do === "fail") return [];
    return [[step.wanted.latestTag, step.do === "skip" ? step.imageId : undefined] as const];
  });
  return new Map(built);
}

/** No image names mean all of them to `planBuild`; a choice may need none. */
async function planImages({ repo, parent }: PlacedStack, options: PlanBuildOptions): Promise<readonly BuildStep[]> {
  return options.imageNames?.length === 0 ? [] : planBuild(repo, parent, options);
}

/** Makes the containers known in `lab.hosts`. */
export function registerContainers(
  lab: Lab,
  stack: PlacedStack,
  containers: readonly ObservedContainer[],
): Record<string, DockerContainerHost> {
  // A service may be called `constructor` or `__proto__`.
  const hosts = new Map<string, DockerContainerHost>();
  const sorted = containers.toSorted((a, b) => a.service.localeCompare(b.service) || a.replica - b.replica);
  for (const container of sorted) {
    const { service, replica } = container;
    const place = { repo: stack.repo.name, project: stack.project, service, replica };
    const host = lab.hosts.register(createContainerHost(stack.parent, place), readContainerStatus(container));
    if (!hosts.has(service)) hosts.set(service, host);
  }
  return Object.fromEntries(hosts);
}
