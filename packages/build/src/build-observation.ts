import type { DockerImage, Repo } from "@otto/config";
import type { ImageInfo } from "@otto/engine";
import { isOttoError, type OttoError } from "@otto/errors";
import { isOwnRegistry } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import pLimit, { type LimitFunction } from "p-limit";
import { type BuildStep, holdsHash, planImage, reachesOf, type WantedImage, wholeLabel } from "./build-plan.js";
import { planSharing } from "./build-sharing.js";
import { selectImages } from "./image-selection.js";
import {
  createWantedReader,
  type ReadContexts,
  type WantedReader,
  type WholeImage,
  type WholeImages,
} from "./wanted-images.js";

/** What is done side by side on all parents together: each connection costs this process time and memory. */
export const workAtOnce = 16;

export interface PlanBuildOptions {
  /** Default: all images that the repo declares. Missing base images of a named image are built too. */
  readonly imageNames?: readonly string[] | undefined;
  /** Build the named images even if they exist. Default false. */
  readonly rebuild?: boolean | undefined;
  /** As `rebuild`, and without the engine's layer cache. Default false. */
  readonly noCache?: boolean | undefined;
  /** Ask the registries for newer base images, and rebuild the images that they change. Default false. */
  readonly pull?: boolean | undefined;
  /**
   * Build arguments of the named images, beside those of their settings and before them. They are inputs of an image as
   * those are: it gets another hash, and a build without them another image. Not for secrets. Default: none.
   */
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /** Push both tags afterwards. Default: as each image's settings say. */
  readonly push?: boolean | undefined;
  /** Where digests of unchanged files are kept; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A parent that builds; a part of a lab is one. */
export interface BuildTarget {
  readonly parent: Parent;
  /** Over those of the options. */
  readonly imageNames?: readonly string[] | undefined;
  /** Over that of the options. */
  readonly push?: boolean | undefined;
}

/** What happens on one of the parents. */
export interface TargetPlan {
  readonly target: BuildTarget;
  readonly steps: readonly BuildStep[];
  /** Why the parent could not be asked: the steps of all its images fail with it. */
  readonly error?: OttoError | undefined;
}

/**
 * Reads the contexts, asks the engine what it has and says what `buildImages` would do, an image after those that it
 * stands on. Changes nothing.
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE` and what connecting to the parent throws
 */
export async function planBuild(
  repo: Repo,
  parent: Parent,
  options: PlanBuildOptions = {},
): Promise<readonly BuildStep[]> {
  const [plan] = await planTargets(repo, [{ parent }], options);
  if (plan?.error !== undefined) throw plan.error;
  return plan?.steps ?? [];
}

/**
 * As {@link planBuild}, for what `buildImagesOn` would do: with a registry, one parent provides an image to the others. Contexts
 * are read once. The images of a parent that cannot be asked fail.
 * @returns by the parent's id
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`
 */
export async function planBuildOn(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: PlanBuildOptions = {},
): Promise<Record<string, readonly BuildStep[]>> {
  const plans = await planTargets(repo, targets, options);
  return Object.fromEntries(plans.map(({ target, steps }) => [target.parent.id, steps]));
}

/** What the plans of several parents have in common. */
export interface CommonPlanning {
  readonly knownWhole?: WholeImages | undefined;
  /** Those that have been read. */
  readonly contexts?: ReadContexts | undefined;
  /** How many parents are asked at once. */
  readonly limit?: LimitFunction | undefined;
}

/**
 * The plans of several parents, where it is known of some images already that their builds may read all of their contexts.
 * What one parent's engine says of that counts for all, so that an image has one hash.
 */
export async function planTargets(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: PlanBuildOptions,
  { knownWhole = new Map(), contexts = new Map(), limit = pLimit(workAtOnce) }: CommonPlanning = {},
): Promise<readonly TargetPlan[]> {
  refuseRepeated(targets);
  const whole = new Map(knownWhole);
  const isAlone = targets.length === 1 || !isOwnRegistry(repo.docker.registryUrl);
  for (;;) {
    const before = whole.size;
    const common = { repo, options, whole, contexts, isAlone };
    const planning = targets.map((target) => limit(() => planTarget({ ...common, target })));
    await Promise.allSettled(planning);
    const plans = await Promise.all(planning);
    // The hash of an image is part of those that stand on it: all is planned again.
    if (whole.size === before) return shareAmong(plans, repo);
  }
}

/** @throws TypeError for a parent that is named twice */
export function refuseRepeated(targets: readonly BuildTarget[]): void {
  const ids = targets.map(({ parent }) => parent.id);
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw new TypeError(`building on ${repeated}: it is named twice`);
}

function shareAmong(plans: readonly (TargetPlan & { architecture: string | undefined })[], { docker }: Repo) {
  const own = plans.map(({ target, ...plan }) => ({ ...plan, parentId: target.parent.id }));
  const shared = planSharing(own, docker.registryUrl);
  return plans.map((plan, index) => ({ ...plan, steps: shared[index] ?? [] }));
}

interface TargetPlanning {
  readonly repo: Repo;
  readonly target: BuildTarget;
  readonly options: PlanBuildOptions;
  readonly whole: Map<string, WholeImage>;
  readonly contexts: ReadContexts;
  /** Whether no other parent shares its images. */
  readonly isAlone: boolean;
}

async function planTarget({ repo: declared, target, options: given, ...planned }: TargetPlanning) {
  const { whole, contexts, isAlone } = planned;
  const { parent } = target;
  const options = { ...given, imageNames: target.imageNames ?? given.imageNames, push: target.push ?? given.push };
  const repo = withBuildArgs(declared, options);
  const { cacheDir, signal } = options;
  const images = selectImages(repo, options.imageNames);
  const steps = new Map<string, BuildStep>();
  const read = createWantedReader(repo, { cacheDir, signal }, { wholeImages: whole, contexts });
  const planning: Planning = { repo, parent, options, steps, read, whole };
  try {
    for (const image of images) await addSteps(planning, image);
    const architecture = isAlone ? undefined : (await parent.engine.version(signal)).architecture;
    return { target, steps: [...steps.values()], architecture };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    const failed = images.map(({ name }) => ({ do: "fail", image: name, cause: error.message, error }) as const);
    return { target, steps: failed, error, architecture: undefined };
  }
}

function withBuildArgs(repo: Repo, { imageNames = [], buildArgs }: PlanBuildOptions): Repo {
  if (buildArgs === undefined) return repo;
  const isNamed = ({ name }: DockerImage) => imageNames.length === 0 || imageNames.includes(name);
  const images = repo.docker.images.map((image) =>
    isNamed(image) ? { ...image, buildArgs: { ...image.buildArgs, ...buildArgs } } : image,
  );
  return { ...repo, docker: { ...repo.docker, images } };
}

interface Planning {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: PlanBuildOptions;
  /** By image, in the order in which they are built. */
  readonly steps: Map<string, BuildStep>;
  readonly read: WantedReader;
  /** Added to while planning: of an image that is added, the step is void. */
  readonly whole: Map<string, WholeImage>;
}

/** The image's step, after those of the images that it needs. A context that cannot be read fails its image. */
async function addSteps(planning: Planning, image: DockerImage): Promise<void> {
  if (planning.steps.has(image.name)) return;
  let wanted: WantedImage;
  try {
    wanted = await planning.read(image);
  } catch (error) {
    if (!isOttoError(error)) throw error;
    planning.steps.set(image.name, { do: "fail", image: image.name, cause: error.message, error });
    return;
  }
  const step = await planStep(planning, wanted);
  if (step.do !== "skip") for (const base of wanted.bases) await addSteps(planning, base.image);
  planning.steps.set(image.name, step);
}

async function planStep(planning: Planning, wanted: WantedImage): Promise<BuildStep> {
  const { repo, parent, options } = planning;
  const { imageNames = [], rebuild = false, noCache = false, pull = false, push, signal } = options;
  const isNamed = imageNames.length === 0 || imageNames.includes(wanted.image.name);
  const observed = await parent.engine.inspectImage(wanted.tag, signal);
  if (!holdsHash(wanted, observed) && isNarrow(wanted)) await findWhole(planning, wanted, observed);
  return planImage(wanted, observed, {
    rebuild: rebuild && isNamed,
    noCache: noCache && isNamed,
    pull,
    push,
    registryUrl: repo.docker.registryUrl,
  });
}

/** Whether the hash covers less than the contexts. */
function isNarrow(wanted: WantedImage): boolean {
  return reachesOf(wanted).some(({ kind }) => kind === "paths");
}

/**
 * Asks the engine whether a build reads its whole context: an earlier build may have found that out, and builds without BuildKit
 * always do.
 */
async function findWhole(
  { repo, parent, options, whole }: Planning,
  { image, tag }: WantedImage,
  observed: ImageInfo | undefined,
): Promise<void> {
  const cause = observed?.labels[wholeLabel];
  if (cause !== undefined) whole.set(image.name, { cause, narrowTag: tag });
  if (await parent.engine.hasBuildKit(options.signal)) return;
  const classic = "the parent's engine builds without BuildKit";
  for (const { name } of repo.docker.images) whole.set(name, { cause: classic });
}
