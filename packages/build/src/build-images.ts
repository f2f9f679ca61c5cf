import type { Repo } from "@otto/config";
import { isOttoError, type OttoError, withListener } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import pLimit from "p-limit";
import { planBuildOf } from "./build-observation.js";
import type { BuildImagesOptions } from "./build-options.js";
import { type BuildStep, holdsHash, planFinish } from "./build-plan.js";
import { buildWanted } from "./image-build.js";
import type { ImageResult, ImageSource } from "./image-result.js";
import { pullWanted, pushTag, warnOfForeign } from "./image-transfer.js";
import { provideOnce } from "./single-flight.js";
import { baseFailed, type WholeImage } from "./wanted-images.js";

// A build keeps a core of the parent busy; more side by side only wait for each other.
const buildsAtOnce = 4;

/**
 * Builds the images of a repo on a parent; one that is there with the same inputs is only pointed at by `:latest`.
 * An image is built after the declared images that it is based on. A failed image fails those based on it, and no others.
 *
 * @returns image name to result, in the order of the settings; of images that were not named, those that had to be built
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE`, and what connecting to the parent throws
 */
export async function buildImages(
  repo: Repo,
  parent: Parent,
  options: BuildImagesOptions = {},
): Promise<Record<string, ImageResult>> {
  const { imageNames = [] } = options;
  const whole = new Map<string, WholeImage>();
  const results: Record<string, ImageResult> = {};
  let steps = await planBuildOf({ repo, parent }, options);
  return withListener(options.onEvent, async (onEvent) => {
    for (;;) {
      const applied = await applySteps(steps, { repo, parent, options: { ...options, onEvent } });
      Object.assign(results, applied.results);
      const left = applied.unfinished.filter((name) => imageNames.length === 0 || imageNames.includes(name));
      // A base image alone is left where the images that were named could not be built anyway.
      if (left.length === 0) return inOrder(repo, results);
      for (const [name, image] of applied.widened) whole.set(name, image);
      steps = await planBuildOf({ repo, parent }, { ...options, imageNames: left }, whole);
    }
  });
}

function inOrder({ docker }: Repo, results: Readonly<Record<string, ImageResult>>): Record<string, ImageResult> {
  const names = docker.images.map(({ name }) => name);
  return Object.fromEntries(names.flatMap((name) => (results[name] === undefined ? [] : [[name, results[name]]])));
}

interface Applied {
  readonly results: Readonly<Record<string, ImageResult>>;
  /** Images whose builds read more than their hashes cover, and now are to be planned with hashes that cover it. */
  readonly widened: ReadonlyMap<string, WholeImage>;
  /** Those, and what stands on them. */
  readonly unfinished: readonly string[];
}

/** Nothing of it goes on behind the caller's back: the first that is no result of an image is thrown when all have settled. */
async function applySteps(steps: readonly BuildStep[], build: Build): Promise<Applied> {
  const limit = pLimit(buildsAtOnce);
  const applying = new Map<string, Promise<ImageResult>>();
  for (const step of steps) {
    const apply = async () => {
      const error = await findFailedBase(step, applying);
      const result = error === undefined ? await limit(() => applyStep(step, build)) : failed(error);
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

function widen({ tag }: WantedStep, { message }: OttoError): WholeImage {
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

interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
}

async function applyStep(step: BuildStep, build: Build): Promise<ImageResult> {
  build.options.signal?.throwIfAborted();
  if (step.do === "fail") return failed(step.error);
  const started = performance.now();
  const { tag, wanted, push } = step;
  try {
    const source = await provide(step, build);
    for (const finish of planFinish(step)) {
      if (finish.do === "tag") await build.parent.engine.tagImage(finish, build.options.signal);
      else await pushTag(finish.tag, wanted, build);
    }
    const status = source === "built" ? "success" : "skipped";
    const durationMs = performance.now() - started;
    return { status, source, pushed: push, message: tag, tag, hash: wanted.context.hash, durationMs };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return failed(error);
  }
}

type WantedStep = Exclude<BuildStep, { do: "fail" }>;

/** Sees to it that the parent has the image. */
async function provide(step: WantedStep, build: Build): Promise<ImageSource> {
  if (step.do === "skip") return "present";
  const { parent, options } = build;
  const { tag, wanted } = step;
  return provideOnce({
    parent,
    tag,
    who: options.who ?? "otto",
    rebuild: step.do === "build" && step.isForced,
    isPresent: async () => holdsHash(wanted, await parent.engine.inspectImage(tag, options.signal)),
    provide: (signal) => pullOrBuild(step, { ...build, options: { ...options, signal } }),
    onWaiting: (holder) => options.onEvent?.({ type: "build.waiting", image: step.image, ...holder }),
    signal: options.signal,
  });
}

const pullCauses = {
  absent: "neither the parent nor the registry has an image with this hash",
  failed: "the parent has no image with this hash, and the registry cannot be asked",
};

async function pullOrBuild(step: WantedStep, build: Build): Promise<ImageSource> {
  const pulled = step.do === "pull" ? await pullWanted(step.wanted, build) : undefined;
  if (pulled === "pulled") return pulled;
  if (step.do === "build" && step.replacesForeign) warnOfForeign(step.wanted, build);
  const { image, tag } = step;
  const cause = pulled === undefined ? step.cause : pullCauses[pulled];
  build.options.onEvent?.({ type: "build.started", image, tag, cause });
  const { noCache = false, refreshes } = step.do === "build" ? step : {};
  await buildWanted(step.wanted, { ...build, noCache });
  if (refreshes === undefined) return "built";
  const built = await build.parent.engine.inspectImage(tag, build.options.signal);
  return built?.id === refreshes ? "present" : "built";
}

function failed(error: OttoError): ImageResult {
  const output = error.details?.output;
  return { status: "failed", message: typeof output === "string" ? output : error.message, error };
}
