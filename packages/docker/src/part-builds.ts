import { type BuildStep, type BuildTarget, buildImages, type ImageResult, planBuild, planBuildOn } from "@otto/build";
import type { PlacedStack } from "@otto/compose";
import type { Repo } from "@otto/config";
import { OttoError } from "@otto/errors";
import { eachPart, type Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { reachManager } from "@otto/swarm";
import { currentUser } from "./current-user.js";
import type { OnParent } from "./repo-parts.js";
import { type BuildOnParent, shareBuild } from "./shared-build.js";
import { swarmStackOf } from "./swarm/lab-machines.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { listSwarmTargets } from "./swarm/swarm-images.js";
import type { ComposeUpOptions } from "./up-options.js";

/** How a part of a call comes by its images. */
export interface PartBuilds {
  /** What brings it up: of a stack of Compose its parent, of a swarm's the manager that answers. Found once. */
  readonly findManager: () => Promise<Parent>;
  /** The parents that build for it, and what; a swarm's are asked of its manager, once. */
  readonly findTargets: () => Promise<readonly BuildTarget[]>;
  /** Builds on one of them. */
  readonly buildOn: BuildOnParent;
}

interface BuildingPart {
  readonly stack: PlacedStack;
  /** The images of the settings that are built for it; undefined: all. */
  readonly images: readonly string[] | undefined;
  readonly options: ComposeUpOptions;
}

/** What several parents build for the parts of a call is built by one call of `buildImagesOn`. Nothing is connected. */
export function shareBuilds(
  repo: Repo,
  lab: Lab,
  parts: readonly BuildingPart[],
  { cacheDir, signal }: ComposeUpOptions,
): PartBuilds[] {
  const options = { cacheDir, env: lab.sshEnvironment.env, commands: lab.commands, who: currentUser(), signal };
  const found = parts.map((part) => findOnce(part, lab));
  // A part whose manager cannot be asked fails by itself.
  const findAll = async () => {
    return joinTargets((await Promise.all(found.map(({ findTargets }) => findTargets().catch(() => [])))).flat());
  };
  const [only] = parts;
  const buildOn: BuildOnParent =
    only !== undefined && parts.length === 1 && stackEngineOf(only.stack) === "compose"
      ? (parent, onEvent) => buildImages(repo, parent, { ...options, imageNames: only.images, onEvent })
      : shareBuild(repo, findAll, options);
  return found.map((one) => ({ ...one, buildOn }));
}

function findOnce({ stack, images, options }: BuildingPart, lab: Lab): Omit<PartBuilds, "buildOn"> {
  const { parent } = stack;
  if (stackEngineOf(stack) === "compose") {
    const targets = images?.length === 0 ? [] : [{ parent, imageNames: images }];
    return { findManager: async () => parent, findTargets: async () => targets };
  }
  const named = swarmStackOf(stack, lab);
  const findManager = once(async () => (await reachManager(named, options)).parent);
  return {
    findManager,
    findTargets: once(async () => listSwarmTargets({ ...named, parent: await findManager() }, options)),
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

/** Each parent once: a node of a swarm may have a stack of its own. */
export function joinTargets(targets: readonly BuildTarget[]): BuildTarget[] {
  const joined = new Map<string, BuildTarget>();
  for (const target of targets) {
    const known = joined.get(target.parent.id);
    joined.set(target.parent.id, known === undefined ? target : join(known, target));
  }
  return [...joined.values()];
}

function join(a: BuildTarget, b: BuildTarget): BuildTarget {
  const isAll = a.imageNames === undefined || b.imageNames === undefined;
  const imageNames = isAll ? undefined : [...new Set([...(a.imageNames ?? []), ...(b.imageNames ?? [])])];
  return { parent: a.parent, imageNames, push: a.push ?? b.push };
}

/** Builds the images of a part. @throws OttoError `BUILD_FAILED`, and what `eachPart` throws */
export async function buildPart(part: {
  readonly stack: PlacedStack;
  readonly builds: PartBuilds;
  readonly options: ComposeUpOptions;
}): Promise<void> {
  const { stack, builds, options } = part;
  const targets = await builds.findTargets();
  await eachPart(
    targets,
    async ({ parent }) => {
      const results = await builds.buildOn(parent, options.onEvent);
      refuseFailed(stack.repo.name, targets.length > 1 ? ` on ${parent.id}` : "", results);
    },
    options,
  );
}

function refuseFailed(repo: string, where: string, results: Readonly<Record<string, ImageResult>>): void {
  const failed = Object.entries(results).filter((result): result is [string, Failed] => result[1].status === "failed");
  const [first] = failed;
  if (first === undefined) return;
  const [name, { error, message }] = first;
  throw new OttoError(
    "BUILD_FAILED",
    `bringing ${repo} up: the image ${name} could not be built${where}: ${error.message}`,
    {
      hint: error.hint,
      details: { images: failed.map(([image]) => image), output: message, causeCode: error.code },
      cause: error,
    },
  );
}

type Failed = Extract<ImageResult, { status: "failed" }>;

/** What is built for a part of an `up`. */
export interface UpBuilds {
  /** Id of the part's parent. */
  readonly parent: string;
  /** Where several parents build for it, each names its own. */
  readonly steps: readonly OnParent<BuildStep>[];
}

/** What {@link buildPart} would do for each of several parts. */
export async function planBuilds(
  repo: Repo,
  parts: readonly { readonly parent: Parent; readonly builds: PartBuilds }[],
  { cacheDir, signal }: ComposeUpOptions,
): Promise<UpBuilds[]> {
  const found = await eachPart(parts, (part) => part.builds.findTargets(), { signal });
  const targets = joinTargets(found.flat());
  const [only] = targets;
  const options = { cacheDir, signal };
  const plans: Readonly<Record<string, readonly BuildStep[]>> =
    only !== undefined && targets.length === 1
      ? { [only.parent.id]: await planBuild(repo, only.parent, { ...options, ...only }) }
      : await planBuildOn(repo, targets, options);
  return parts.map(({ parent }, index) => {
    const own = found[index] ?? [];
    const stepsOn = ({ id }: Parent) => plans[id] ?? [];
    const steps = own.flatMap((target) =>
      own.length === 1
        ? stepsOn(target.parent)
        : stepsOn(target.parent).map((step) => ({ ...step, parent: target.parent.id })),
    );
    return { parent: parent.id, steps };
  });
}
