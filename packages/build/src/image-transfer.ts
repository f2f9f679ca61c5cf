import type { Repo } from "@otto/config";
import type { TransferProgress } from "@otto/engine";
import { isOttoError, OttoError } from "@otto/errors";
import { familiarImageName, parseImageReference } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import type { BuildImagesOptions } from "./build-options.js";
import { refusePulled, type WantedImage } from "./build-plan.js";
import { findUserCredentials } from "./registry/user-credentials.js";
import { findTakenImages } from "./wanted-images.js";

interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
}

export interface PullWantedOptions {
  /** What is pulled. Default: the wanted tag, which the image has afterwards in any case. */
  readonly reference?: string | undefined;
  /** Takes why the registry could not be asked; what it throws ends the pull. */
  readonly onFailure: (error: OttoError) => void;
}

/**
 * Takes an image from its registry. One that was built from other inputs is not kept.
 * @returns whether the parent has the image now, the registry has none, or it cannot be told
 */
export async function pullWanted(
  wanted: WantedImage,
  build: Build,
  { reference = wanted.tag, onFailure }: PullWantedOptions,
): Promise<"pulled" | "absent" | "failed"> {
  try {
    if (!(await transfer({ action: "pull", tag: reference, wanted }, build))) return "absent";
  } catch (error) {
    if (!isRegistryFailure(error)) throw error;
    onFailure(error);
    return "failed";
  }
  const { engine } = build.parent;
  const { signal } = build.options;
  const { architecture } = await engine.version(signal);
  const refusal = refusePulled(wanted, await engine.inspectImage(reference, signal), architecture);
  if (refusal === undefined) {
    if (reference !== wanted.tag) await engine.tagImage({ source: reference, target: wanted.tag }, signal);
    return "pulled";
  }
  await engine.removeImage(reference, signal);
  warn(wanted, build, foreign(wanted, refusal));
  return "absent";
}

/** What the registry, the way to it and the login for it may do. An engine that does not answer is not among it. */
const registryFailures: ReadonlySet<string> = new Set([
  "ENGINE_PULL_FAILED",
  "ENGINE_PUSH_FAILED",
  "ENGINE_REQUEST_FAILED",
  "DOCKER_CONFIG_INVALID",
  "DOCKER_CREDENTIAL_HELPER_FAILED",
]);

export function isRegistryFailure(error: unknown): error is OttoError {
  return isOttoError(error) && registryFailures.has(error.code);
}

/** Says that an image is built because its pull failed. */
export function warnOfPull(wanted: WantedImage, build: Build, { message, hint }: OttoError): void {
  const advice = hint === undefined ? "" : ` (${hint})`;
  warn(wanted, build, { code: "BUILD_PULL_FAILED", message: `${message}; building instead${advice}` });
}

/** Brings one tag of an image to its registry. */
export async function pushTag(tag: string, wanted: WantedImage, build: Build): Promise<void> {
  await transfer({ action: "push", tag, wanted }, build);
}

/**
 * Pulls the newest version of each base image that the repo does not declare. The engine's own `pull` would also ask for
 * the declared ones, which no registry has.
 */
export async function pullBases(wanted: WantedImage, build: Build): Promise<void> {
  const declared = new Set(wanted.bases.map(({ latestTag }) => familiarImageName(latestTag)));
  const taken = [...findTakenImages(wanted.image, wanted.context)];
  for (const tag of taken.filter((name) => !declared.has(name) && !name.includes("@"))) {
    if (await transfer({ action: "pull", tag, wanted }, build)) continue;
    throw new OttoError("BUILD_PULL_FAILED", `building ${wanted.image.name}: no registry has its base image ${tag}`, {
      hint: "Correct its name in the Dockerfile, or build without asking for newer base images.",
      details: { image: wanted.image.name, base: tag },
    });
  }
}

/** Says that an image was found under our tag on the parent which these inputs did not make. */
export function warnOfForeign(wanted: WantedImage, build: Build): void {
  warn(wanted, build, foreign(wanted, "on the parent was not built from these inputs"));
}

function foreign({ tag }: WantedImage, reason: string) {
  return { code: "BUILD_IMAGE_FOREIGN", message: `the image ${tag} ${reason}; building anew` };
}

export function warn({ image }: WantedImage, { options }: Build, warning: { code: string; message: string }): void {
  options.onEvent?.({ type: "build.warning", image: image.name, ...warning });
}

interface Transfer {
  readonly action: "pull" | "push";
  readonly tag: string;
  readonly wanted: WantedImage;
}

/** @returns false when the registry has no such image */
async function transfer({ action, tag, wanted }: Transfer, { parent, options }: Build): Promise<boolean> {
  const { onEvent = () => {}, env = {}, signal } = options;
  const common = { image: wanted.image.name, tag, action };
  const layers = { transferred: 0, existing: 0 };
  const onProgress = (progress: TransferProgress) => {
    if (progress.type === "layer") layers[progress.state]++;
    if (progress.type === "layer") onEvent({ ...common, ...progress, type: "registry.layer" });
    else if (progress.type === "retrying") onEvent({ ...common, ...progress, type: "registry.retrying" });
    else onEvent({ ...common, ...progress, type: "registry.bytes" });
  };
  onEvent({ type: "registry.started", ...common });
  const credentials = await findUserCredentials({ host: parseImageReference(tag).registry, env, signal });
  const request = { reference: tag, credentials, onProgress };
  if (action === "pull") {
    const found = await parent.engine.pullImage({ ...request, platform: wanted.image.platform }, signal);
    if (found) onEvent({ type: "registry.done", ...common, ...layers });
    return found;
  }
  const digest = await parent.engine.pushImage(request, signal);
  onEvent({ type: "registry.done", ...common, ...layers, ...(digest !== undefined && { digest }) });
  return true;
}
