import { type DockerImage, LocalCommands, type Repo } from "@otto/config";
import { isOttoError, type OttoError, withListener } from "@otto/errors";
import { isOwnRegistry } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import pLimit, { type LimitFunction } from "p-limit";
import type { BuildEvent } from "./build-event.js";
import {
  type BuildTarget,
  type CommonPlanning,
  planTargets,
  refuseRepeated,
  type TargetPlan,
  workAtOnce,
} from "./build-observation.js";
import type { BuildImagesOnOptions, BuildImagesOptions } from "./build-options.js";
import type { BuildStep } from "./build-plan.js";
import { runSecretCommands } from "./build-secrets.js";
import type { ImageResult } from "./image-result.js";
import { selectImages } from "./image-selection.js";
import { assignStep, SharedImages, type SharingEnd } from "./shared-images.js";
import { applyStep, type Build, failed } from "./step-application.js";
import { baseFailed, type WholeImage } from "./wanted-images.js";

// A build keeps a core of the parent busy; more side by side only wait for each other.
const buildsAtOnce = 4;

/** Image name to result, in the order of the settings; of images that were not named, those that had to be built. */
type ImageResults = Record<string, ImageResult>;

/**
 * Builds the images of a repo on a parent; one that is there with the same inputs is only pointed at by `:latest`.
 * An image is built after the declared images that it is based on. A failed image fails those based on it, and no others.
 *
 * @returns image name to result, in the order of the settings; of images that were not named, those that had to be built
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE`, and what connecting to the parent throws; before anything is sent,
 * `BUILD_SECRET_MISSING` where a command prints no secret
 */
export async function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const refuse = ([plan]: readonly TargetPlan[]) => {
    if (plan?.error !== undefined) throw plan.error;
  };
  const onEvent = options.onEvent && ((event: BuildEvent) => options.onEvent?.(event));
  const built = await buildTargets(repo, [{ parent }], { ...options, onEvent }, refuse);
  return built.get(parent.id) ?? {};
}

/**
 * As {@link buildImages} on several parents, side by side. With a `registry_url` one parent provides an image: it has it, pulls it
 * or builds it, and pushes its hash tag; the others pull that. When the provider fails for a reason of its own, the next
 * parent takes its place. A registry that cannot be used fails the image, or, with `registry_optional`, each parent builds for
 * itself, with a warning. Without a registry each builds for itself.
 *
 * A parent that cannot be reached fails its own images. Contexts are read once.
 *
 * @param targets the parents, each once; the first builds what none of them has. A `RepoPart` of a lab is one
 * @returns by the parent's id, in the order of `targets`, what {@link buildImages} returns
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, and `BUILD_SECRET_MISSING` as {@link buildImages}
 */
export async function buildImagesOn(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: BuildImagesOnOptions = {},
): Promise<Record<string, Record<string, ImageResult>>> {
  const onEvent = options.onEvent && ((event: BuildEvent, parent: string) => options.onEvent?.({ ...event, parent }));
  const all = { ...options, onEvent, commands: options.commands ?? new LocalCommands() };
  if (isOwnRegistry(repo.docker.registryUrl)) return Object.fromEntries(await buildTargets(repo, targets, all));
  refuseRepeated(targets);
  for (const { imageNames = options.imageNames } of targets) selectImages(repo, imageNames);
  // None waits for another, which may not answer.
  const common = { contexts: new Map(), planLimit: pLimit(workAtOnce), workLimit: pLimit(workAtOnce) };
  const building = targets.map((target) => buildTargets(repo, [target], { ...all, ...common }));
  await Promise.allSettled(building);
  return Object.fromEntries((await Promise.all(building)).flatMap((results) => [...results]));
}

interface BuildTargetsOptions
  extends Omit<BuildImagesOptions, "onEvent">,
    Pick<BuildImagesOnOptions, "onResults">,
    Pick<CommonPlanning, "contexts"> {
  /** How many parents are asked at once. */
  readonly planLimit?: LimitFunction;
  /** How much is done at once. */
  readonly workLimit?: LimitFunction;
  readonly onEvent: ((event: BuildEvent, parentId: string) => void) | undefined;
}

/** @param refuse may throw for what is planned, before anything is done */
async function buildTargets(
  repo: Repo,
  targets: readonly BuildTarget[],
  given: BuildTargetsOptions,
  refuse: (plans: readonly TargetPlan[]) => void = () => {},
): Promise<ReadonlyMap<string, ImageResults>> {
  const options = { ...given, commands: given.commands ?? new LocalCommands() };
  const whole = new Map<string, WholeImage>();
  const results = new Map<string, ImageResults>(targets.map(({ parent }) => [parent.id, {}]));
  const { contexts, planLimit, workLimit = pLimit(workAtOnce) } = options;
  const plan = async (left: readonly BuildTarget[]) => {
    const plans = await planTargets(repo, left, options, { knownWhole: whole, contexts, limit: planLimit });
    refuse(plans);
    await runSecretCommands(imagesToBuild(plans), repo, options);
    return plans;
  };
  let plans = await plan(targets);
  const { onEvent: listener, onResults, ...common } = options;
  const tell = (told: ToldEvent | ToldResults) => {
    if ("event" in told) listener?.(told.event, told.id);
    else onResults?.(told.id, told.results, told.error);
  };
  return withListener(tell, async (guarded) => {
    for (;;) {
      const buildOn = (parent: Parent): Build => {
        const onEvent = (event: BuildEvent) => guarded({ event, id: parent.id });
        return { repo, parent, options: { ...common, onEvent } };
      };
      const left = new Map<string, BuildTarget>();
      const take = ({ target, applied, error }: AppliedTarget) => {
        const { id } = target.parent;
        const own = inOrder(repo, { ...results.get(id), ...applied.results });
        results.set(id, own);
        for (const [name, image] of applied.widened) whole.set(name, image);
        const { imageNames = options.imageNames ?? [] } = target;
        const unfinished = applied.unfinished.filter((name) => imageNames.length === 0 || imageNames.includes(name));
        // A base image alone is left where the images that were named could not be built anyway.
        if (unfinished.length > 0) left.set(id, { ...target, imageNames: unfinished });
        else guarded({ results: own, id, error });
      };
      await applyPlans(plans, { buildOn, workLimit, take });
      if (left.size === 0) return results;
      plans = await plan(plans.flatMap(({ target }) => left.get(target.parent.id) ?? []));
    }
  });
}

/** Those that are surely built: one that is to be pulled may be in the registry. */
function imagesToBuild(plans: readonly TargetPlan[]): readonly DockerImage[] {
  const building = plans.flatMap(({ steps }) => steps.filter((step) => step.do === "build"));
  return building.map(({ wanted }) => wanted.image);
}

interface ToldEvent {
  readonly event: BuildEvent;
  readonly id: string;
}

interface ToldResults {
  readonly results: Readonly<ImageResults>;
  readonly id: string;
  readonly error: OttoError | undefined;
}

interface AppliedTarget {
  readonly target: BuildTarget;
  readonly applied: Applied;
  /** Why the parent could not be asked. */
  readonly error?: OttoError;
}

interface PlanApplication {
  readonly buildOn: (parent: Parent) => Build;
  readonly workLimit: LimitFunction;
  /** Called with what came of each target when that is known. */
  readonly take: (applied: AppliedTarget) => void;
}

function inOrder({ docker }: Repo, results: Readonly<ImageResults>): ImageResults {
  const names = docker.images.map(({ name }) => name);
  return Object.fromEntries(names.flatMap((name) => (results[name] === undefined ? [] : [[name, results[name]]])));
}

/** Nothing of it goes on behind the caller's back: the first that is no result of an image is thrown when all have settled. */
async function applyPlans(plans: readonly TargetPlan[], { buildOn, workLimit, take }: PlanApplication): Promise<void> {
  const shared = new SharedImages();
  const applying = plans.map(async ({ target, steps, error }) => {
    if (error !== undefined) return take({ target, error, applied: failAll(steps, error) });
    const limitOne = pLimit(buildsAtOnce);
    const limit: Limit = (work) => limitOne(() => workLimit(work));
    return take({ target, applied: await applySteps(steps, { build: buildOn(target.parent), shared, limit }) });
  });
  await Promise.allSettled(applying);
  await Promise.all(applying);
}

/** A parent that could not be asked has none of its images; nothing happens on it. */
function failAll(steps: readonly BuildStep[], error: OttoError): Applied {
  const results = Object.fromEntries(steps.map(({ image }) => [image, failed(error)]));
  return { results, widened: new Map(), unfinished: [] };
}

type Limit = <T>(work: () => Promise<T>) => Promise<T>;

interface Applied {
  readonly results: Readonly<ImageResults>;
  /** Images whose builds read more than their hashes cover, and now are to be planned with hashes that cover it. */
  readonly widened: ReadonlyMap<string, WholeImage>;
  /** Those, and what stands on them. */
  readonly unfinished: readonly string[];
}

interface Applying {
  readonly build: Build;
  readonly shared: SharedImages;
  /** For work; what waits for another parent's work must not be in it. */
  readonly limit: Limit;
}

async function applySteps(steps: readonly BuildStep[], { build, shared, limit }: Applying): Promise<Applied> {
  const applying = new Map<string, Promise<ImageResult>>();
  for (const step of steps) {
    const apply = async () => {
      const result = await applyShared(step, { build, shared, limit }, () => findFailedBase(step, applying));
      if (!isUnfinished(result)) build.options.onEvent?.({ type: "build.finished", image: step.image, result });
      return result;
    };
    applying.set(step.image, apply());
  }
  await Promise.allSettled(applying.values());
  const results: Record<string, ImageResult> = {};
  const widened = new Map<string, WholeImage>();
  const unfinished: string[] = [];
  for (const step of steps) {
    const result = await applying.get(step.image);
    if (result === undefined) continue;
    if (isUnfinished(result)) unfinished.push(step.image);
    else results[step.image] = result;
    if (isBeyondReach(result) && step.do !== "fail") widened.set(step.image, widen(step, result.error));
  }
  return { results, widened, unfinished };
}

/** Applies a step when its base images are there, and the parents before this one that share the image have had their turn. */
async function applyShared(
  step: BuildStep,
  { build, shared, limit }: Applying,
  findFailed: () => Promise<OttoError | undefined>,
): Promise<ImageResult> {
  const { parent, options } = build;
  const tell = (end: SharingEnd) => {
    if (step.do !== "fail") shared.tell(step.tag, parent.id, end);
  };
  try {
    const error = await findFailed();
    if (error !== undefined) return failed(error);
    const since = new Date();
    const onWaiting = (who: string) => options.onEvent?.({ type: "build.waiting", image: step.image, who, since });
    const earlier = await shared.waitForEarlier(step, parent.id, { onWaiting, signal: options.signal });
    return await limit(() => applyStep(assignStep(step, earlier), build, tell));
  } finally {
    // Where something else was told this is not heard.
    tell({ is: "given up" });
  }
}

type FailedResult = Extract<ImageResult, { status: "failed" }>;

const beyondReach = "CONTEXT_REACH_EXCEEDED";

/** The engine asked for more than the Dockerfile says: an image that it begins with adds to it, by `ONBUILD`. */
function isBeyondReach(result: ImageResult): result is FailedResult {
  return result.status === "failed" && isOttoError(result.error, beyondReach);
}

function isUnfinished(result: ImageResult): boolean {
  if (result.status !== "failed") return false;
  let error: unknown = result.error;
  while (isOttoError(error, "BUILD_BASE_FAILED")) error = error.cause;
  return isOttoError(error, beyondReach);
}

function widen({ tag }: Exclude<BuildStep, { do: "fail" }>, { message }: OttoError): WholeImage {
  return { cause: message, narrowTag: tag };
}

/** Waits for the step's base images, which come before it in the plan. */
async function findFailedBase(
  step: BuildStep,
  applying: ReadonlyMap<string, Promise<ImageResult>>,
): Promise<OttoError | undefined> {
  if (step.do === "fail" || step.do === "skip") return undefined;
  for (const { image } of step.wanted.bases) {
    const result = await applying.get(image.name);
    if (result?.status === "failed") return baseFailed(step.image, image.name, result.error);
  }
  return undefined;
}
