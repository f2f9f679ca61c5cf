import type { DockerImage, Repo } from "@otto/config";
import { readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import { imageFullTag, imageLatestTag } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import { type BuildStep, planImage, type WantedImage } from "./build-plan.js";
import { contextSource } from "./context-source.js";
import { selectImages } from "./image-selection.js";

export interface PlanBuildOptions {
  /** Default: all that the repo declares. */
  readonly imageNames?: readonly string[] | undefined;
  /** Build even what is there. Default false. */
  readonly rebuild?: boolean | undefined;
  /** Push both tags afterwards. Default: as each image's settings say. */
  readonly push?: boolean | undefined;
  /** Where digests of unchanged files are kept; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the contexts, asks the engine what it has and says what `buildImages` would do. Changes nothing.
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE` and what connecting to the parent throws
 */
export async function planBuild(
  repo: Repo,
  parent: Parent,
  options: PlanBuildOptions = {},
): Promise<readonly BuildStep[]> {
  const steps: BuildStep[] = [];
  for (const image of selectImages(repo, options.imageNames))
    steps.push(await planStep(repo, parent, { ...options, image }));
  return steps;
}

/** A context that cannot be read fails this image and no other. */
async function planStep(
  repo: Repo,
  parent: Parent,
  options: PlanBuildOptions & { image: DockerImage },
): Promise<BuildStep> {
  let wanted: WantedImage;
  try {
    wanted = await readWanted(repo, options.image, options);
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { do: "fail", image: options.image.name, cause: error.message, error };
  }
  const observed = await parent.engine.inspectImage(wanted.tag, options.signal);
  const { registryUrl } = repo.docker;
  return planImage(wanted, observed, { rebuild: options.rebuild ?? false, push: options.push, registryUrl });
}

async function readWanted(repo: Repo, image: DockerImage, options: PlanBuildOptions): Promise<WantedImage> {
  const context = await readContext(contextSource(image), { cacheDir: options.cacheDir, signal: options.signal });
  const { registryUrl } = repo.docker;
  return {
    image,
    context,
    tag: imageFullTag(registryUrl, repo.name, image, context.hash),
    latestTag: imageLatestTag(registryUrl, repo.name, image),
  };
}
