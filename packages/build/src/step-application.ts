import type { Repo } from "@otto/config";
import { isOttoError, OttoError } from "@otto/errors";
import { parseImageReference } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import type { BuildImagesOptions } from "./build-options.js";
import { holdsHash, planFinish, type WantedStepOf } from "./build-plan.js";
import { buildWanted } from "./image-build.js";
import type { ImageResult, ImageSource } from "./image-result.js";
import { isRegistryFailure, pullWanted, pushTag, warn, warnOfForeign, warnOfPull } from "./image-transfer.js";
import { type Assignment, isOfImage, type SharingEnd } from "./shared-images.js";
import { provideOnce } from "./single-flight.js";

export interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
}

/**
 * Does what a parent is to do about one image.
 * @param tell takes how it ended for the parents that wait for it, as soon as that is known; what it takes first counts
 */
export async function applyStep(
  assignment: Assignment,
  build: Build,
  tell: (end: SharingEnd) => void,
): Promise<ImageResult> {
  build.options.signal?.throwIfAborted();
  const { step } = assignment;
  if (step.do === "fail") return failed(step.error);
  const started = performance.now();
  const { tag, wanted, push } = step;
  try {
    const work = { ...assignment, step, build, registry: createRegistryUse({ ...assignment, step }, build, tell) };
    const source = await provide(work);
    await finish(work, source);
    if (assignment.role === "provider") tell({ is: "in registry", reference: await findReference(work) });
    const status = source === "built" ? "success" : "skipped";
    const durationMs = performance.now() - started;
    return { status, source, pushed: push, message: tag, tag, hash: wanted.context.hash, durationMs };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    // Who waits for it listens to a provider alone.
    if (assignment.role === "provider" && isOfImage(error) && (await answers(build))) tell({ is: "failed", error });
    return failed(error);
  }
}

export function failed(error: OttoError): ImageResult {
  const output = error.details?.output;
  return { status: "failed", message: typeof output === "string" ? output : error.message, error };
}

/** An engine that is stopped says of its builds that they failed. */
async function answers({ parent, options }: Build): Promise<boolean> {
  return parent.engine.version(options.signal).then(
    () => true,
    () => false,
  );
}

interface StepWork extends Assignment {
  readonly step: WantedStepOf<"skip" | "pull" | "build">;
  readonly build: Build;
  readonly registry: RegistryUse;
}

/** Whether the registry can be used for a step. */
interface RegistryUse {
  readonly isLost: boolean;
  /** Takes note that it cannot. @throws OttoError where the image needs it */
  readonly lose: (error: OttoError) => void;
}

function createRegistryUse(
  { step, role }: Pick<StepWork, "step" | "role">,
  build: Build,
  tell: (end: SharingEnd) => void,
): RegistryUse {
  const { wanted, sharing } = step;
  const { registryOptional = false } = build.repo.docker;
  let isLost = false;
  const lose = (error: OttoError) => {
    if (role !== "alone" && !registryOptional) throw registryFailed(step, build.parent, error);
    isLost = true;
    if (role !== "provider") return warnOfPull(wanted, build, error);
    const message = `${error.message}; each of ${sharing?.parentIds.length} parents builds for itself`;
    warn(wanted, build, { code: "BUILD_REGISTRY_FAILED", message });
    tell({ is: "apart" });
  };
  return {
    get isLost() {
      return isLost;
    },
    lose,
  };
}

function registryFailed({ image, sharing }: StepWork["step"], { id }: Parent, error: OttoError): OttoError {
  const doing = `providing ${image} for ${sharing?.parentIds.length} parents`;
  const optional =
    "Or let each parent build for itself when the registry is down: registry_optional = true under [docker].";
  return new OttoError("BUILD_REGISTRY_FAILED", `${doing}: ${id} cannot use the registry: ${error.message}`, {
    hint: error.hint === undefined ? optional : `${error.hint} ${optional}`,
    details: { image, parent: id, causeCode: error.code },
    cause: error,
  });
}

/** Sees to it that the parent has the image. */
async function provide(work: StepWork): Promise<ImageSource> {
  const { step, build } = work;
  if (step.do === "skip") return "present";
  const { parent, options } = build;
  const { tag, wanted } = step;
  const own = step.do === "pull" ? (step.takeOver ?? step) : step;
  return provideOnce({
    parent,
    tag,
    who: options.who ?? "otto",
    rebuild: own.do === "build" && own.isForced,
    isPresent: async () => holdsHash(wanted, await parent.engine.inspectImage(tag, options.signal)),
    provide: (signal) => pullOrBuild({ ...work, build: { ...build, options: { ...options, signal } } }),
    onWaiting: (holder) => options.onEvent?.({ type: "build.waiting", image: step.image, ...holder }),
    signal: options.signal,
  });
}

const pullCauses = {
  absent: "neither the parent nor the registry has an image with this hash",
  failed: "the parent has no image with this hash, and the registry cannot be asked",
};

async function pullOrBuild({ step, build, registry, reference }: StepWork): Promise<ImageSource> {
  const pulling = { reference, onFailure: registry.lose };
  const pulled = step.do === "pull" ? await pullWanted(step.wanted, build, pulling) : undefined;
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

/** Sets `:latest`, and brings to the registry what belongs there. */
async function finish(work: StepWork, source: ImageSource): Promise<void> {
  const { parent, options } = work.build;
  for (const each of planFinish(work.step, findPushes(work, source))) {
    if (each.do === "tag") await parent.engine.tagImage(each, options.signal);
    else await push(each.tag, work);
  }
}

/** Which tags this parent pushes. Other parents need the hash tag alone. */
function findPushes({ step, role, registry }: StepWork, source: ImageSource): Parameters<typeof planFinish>[1] {
  if (role === "taker") return "none";
  if (step.push) return "both";
  return role === "provider" && source !== "pulled" && !registry.isLost ? "hash" : "none";
}

async function push(tag: string, { step, role, build, registry }: StepWork): Promise<void> {
  try {
    await pushTag(tag, step.wanted, build);
  } catch (error) {
    if (role !== "provider" || !isRegistryFailure(error)) throw error;
    registry.lose(error);
    if (step.push) throw error;
  }
}

/** The name under which the others pull what is in the registry now. */
async function findReference({ step: { tag, sharing }, build: { parent, options } }: StepWork): Promise<string> {
  if (sharing?.by !== "digest") return tag;
  const { familiarName } = parseImageReference(tag);
  const image = await parent.engine.inspectImage(tag, options.signal);
  return image?.digests.find((digest) => parseImageReference(digest).familiarName === familiarName) ?? tag;
}
