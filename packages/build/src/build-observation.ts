import type { DockerImage, Repo } from "@otto/config";
import { isOttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { type BuildStep, planImage, type WantedImage } from "./build-plan.js";
import { selectImages } from "./image-selection.js";
import { createWantedReader, type WantedReader } from "./wanted-images.js";

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

/**
 * Reads the contexts, asks the engine what it has and says what `buildImages` would do, an image after those that it
 * stands on. Changes nothing.
 * @throws OttoError `BUILD_IMAGE_UNKNOWN`, `ENGINE_UNREACHABLE` and what connecting to the parent throws
 */
export async function planBuild(
  declared: Repo,
  parent: Parent,
  options: PlanBuildOptions = {},
): Promise<readonly BuildStep[]> {
  const repo = withBuildArgs(declared, options);
  const steps = new Map<string, BuildStep>();
  const { cacheDir, signal } = options;
  const planning = { repo, parent, options, steps, read: createWantedReader(repo, { cacheDir, signal }) };
  for (const image of selectImages(repo, options.imageNames)) await addSteps(planning, image);
  return [...steps.values()];
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

async function planStep({ repo, parent, options }: Planning, wanted: WantedImage): Promise<BuildStep> {
  const { imageNames = [], rebuild = false, noCache = false, pull = false, push, signal } = options;
  const isNamed = imageNames.length === 0 || imageNames.includes(wanted.image.name);
  const observed = await parent.engine.inspectImage(wanted.tag, signal);
  return planImage(wanted, observed, {
    rebuild: rebuild && isNamed,
    noCache: noCache && isNamed,
    pull,
    push,
    registryUrl: repo.docker.registryUrl,
  });
}
