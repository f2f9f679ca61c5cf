import {
  type BuildEvent,
  type BuildStep,
  buildImages,
  findUserCredentials,
  type ImageResult,
  type PlanBuildOptions,
  planBuild,
} from "@otto/build";
import {
  bringUp,
  chosenImages,
  createContainerHost,
  type FindLogin,
  type ObservedContainer,
  type PlacedStack,
  previewUp,
  readContainerStatus,
  type ServiceChoice,
  type UpEvent,
  type UpPreview,
} from "@otto/compose";
import { describeMissing, missingDefaultHosts, type Repo } from "@otto/config";
import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import type { DockerContainerHost } from "@otto/hosts";
import { currentUser } from "./current-user.js";
import { failuresDirectory, withNextSteps } from "./failed-up.js";
import { withActivity } from "./lab-activity.js";
import { type PlacementOptions, placeStack } from "./stack-placement.js";
import { requireEnabled } from "./stack-services.js";

export interface ComposeUpOptions extends PlacementOptions, ServiceChoice {
  /** Build the images first that the stack, or the chosen services, are started from, and let compose build. Default true. */
  readonly build?: boolean | undefined;
  /** See `buildImages`. */
  readonly cacheDir?: string | false | undefined;
  /** Leaves what a failed or interrupted first `up` started as it is. Default false: it is taken down. */
  readonly keep?: boolean | undefined;
  /**
   * Where the logs and the `inspect` data of such an `up` are saved before it is taken down, for {@link composeLogs}; `false`:
   * nowhere. Default: `otto/failures` in the user's state directory (`XDG_STATE_HOME`).
   */
  readonly failuresDir?: string | false | undefined;
  /** How long services may take to be up, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: BuildEvent | UpEvent) => void) | undefined;
}

/**
 * Brings a repo's stack up and registers its containers in `lab.hosts`. A stack that runs as declared is left as it is,
 * one that differs converges. If this call started the stack and fails, its logs are saved and what it started is taken down.
 *
 * @returns service name to the host of its first container; further replicas are in `lab.hosts`
 * @throws OttoError `BUILD_FAILED` before anything starts; what `bringUp`, `readStack` and `buildImages` throw
 */
export async function composeUp(
  repo: Repo,
  lab: Lab,
  given: ComposeUpOptions = {},
): Promise<Record<string, DockerContainerHost>> {
  const options = { ...given, ...withActivity(lab, given.onEvent) };
  const stack = await prepareStack(repo, lab, options);
  const failuresDir = failuresDirectory(lab, options);
  const upOptions = { ...options, failuresDir, findLogin: loginsOf(lab, options), who: currentUser() };
  const containers = await bringUp(stack, upOptions).catch((error: unknown) => {
    throw withNextSteps(error, repo, lab, options);
  });
  return registerContainers(lab, stack, containers);
}

/** The logins that this machine's Docker configuration has. */
export function loginsOf({ sshEnvironment: { env } }: Lab, { signal }: Pick<ComposeUpOptions, "signal">): FindLogin {
  return (host) => findUserCredentials({ host, env, signal });
}

/** Reads the stack, and builds its images unless that is not wanted. @param used services that are to have a container */
export async function prepareStack(
  repo: Repo,
  lab: Lab,
  options: ComposeUpOptions,
  used: readonly string[] = [],
): Promise<PlacedStack> {
  const stack = await placeStack(repo, lab, options, options);
  requireEnabled(stack, used);
  warnOfStandIn(stack, lab, options);
  if (options.build ?? true) await buildAll(stack, lab, options);
  return stack;
}

/** Says that the parent stands in for a default host that the lab does not have. */
function warnOfStandIn({ repo, project, parent }: PlacedStack, lab: Lab, { on, onEvent }: ComposeUpOptions): void {
  const missing = missingDefaultHosts(repo, lab.data, on);
  if (missing.length === 0) return;
  const message = `${describeMissing(missing, lab.data)}: ${parent.id} is used instead`;
  onEvent?.({ type: "compose.warning", project, message });
}

/**
 * The images of the settings that {@link composeUp} would build: those that the chosen services are started from; undefined:
 * all of them.
 * @throws OttoError what `readStack` throws
 */
export async function listUpImages(
  repo: Repo,
  lab: Lab,
  options: PlacementOptions & ServiceChoice = {},
): Promise<readonly string[] | undefined> {
  return chosenImages(await placeStack(repo, lab, options, options));
}

export interface PlanUpOptions extends ComposeUpOptions {
  /** What `planBuild` says of the repo's images. Default: it is asked, unless nothing is to be built. */
  readonly builds?: readonly BuildStep[] | undefined;
}

/**
 * What {@link composeUp} would do to each service, apart from building, and what of bind mounts it would not send.
 * Changes nothing.
 * @throws OttoError what `previewUp`, `readStack` and `planBuild` throw
 */
export async function planComposeUp(repo: Repo, lab: Lab, options: PlanUpOptions = {}): Promise<UpPreview> {
  const stack = await placeStack(repo, lab, options, options);
  const { build = true, cacheDir, signal } = options;
  const imageNames = chosenImages(stack);
  const builds = build ? (options.builds ?? (await planBuilds(stack, { imageNames, cacheDir, signal }))) : [];
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
async function planBuilds({ repo, parent }: PlacedStack, options: PlanBuildOptions): Promise<readonly BuildStep[]> {
  return options.imageNames?.length === 0 ? [] : planBuild(repo, parent, options);
}

async function buildAll(stack: PlacedStack, lab: Lab, options: ComposeUpOptions): Promise<void> {
  const { repo, parent } = stack;
  const imageNames = chosenImages(stack);
  if (imageNames?.length === 0) return;
  const results = await buildImages(repo, parent, {
    imageNames,
    cacheDir: options.cacheDir,
    env: lab.sshEnvironment.env,
    signal: options.signal,
    onEvent: options.onEvent,
  });
  const failed = Object.entries(results).filter((result): result is [string, Failed] => result[1].status === "failed");
  const [first] = failed;
  if (first === undefined) return;
  const [name, { error, message }] = first;
  throw new OttoError(
    "BUILD_FAILED",
    `bringing ${repo.name} up: the image ${name} could not be built: ${error.message}`,
    {
      hint: error.hint,
      details: { images: failed.map(([image]) => image), output: message, causeCode: error.code },
      cause: error,
    },
  );
}

type Failed = Extract<ImageResult, { status: "failed" }>;

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
