import { familiarImageName } from "@otto/hashing";
import { type BuildStage, reachStages, readStages } from "./build-stages.js";
import { findFrontend } from "./dockerfile.js";

export interface DockerfileUse {
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The stage to build; default: the last. */
  readonly target?: string | undefined;
}

/**
 * The images that a Dockerfile names: its frontend, those that it begins with and takes files from. Variables without a
 * value are empty: those that the builder sets (`TARGETARCH`) may be missing in a name, which its registry never needs.
 */
export function findBaseImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  const images = readStages(dockerfile, use).stages.flatMap(imageNames);
  return [...new Set([...frontendOf(dockerfile, use), ...images])];
}

/** The base images that the target needs. If the target is not a stage, all of them. */
export function findReachedImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  return [...new Set([...frontendOf(dockerfile, use), ...findStageImages(dockerfile, use)])];
}

/**
 * The images that the stages of a target begin with and take files from, without the frontend of the Dockerfile. If the
 * target is not a stage, those of all stages.
 * @param dockerfile its text
 */
export function findStageImages(dockerfile: string, use: DockerfileUse): readonly string[] {
  const list = readStages(dockerfile, use);
  const reached = reachStages(list, use.target);
  return [...new Set(list.stages.filter((_, index) => reached?.has(index) ?? true).flatMap(imageNames))];
}

/** The line of the instruction that names an image, or of the `syntax` directive; undefined when no line names it. */
export function findImageLine(dockerfile: string, use: DockerfileUse, image: string): number | undefined {
  const isWanted = (name: string) => familiarImageName(name) === familiarImageName(image);
  const images = readStages(dockerfile, use).stages.flatMap((stage) => stage.images);
  const named = images.find(({ name }) => isWanted(name));
  if (named !== undefined) return named.line;
  return frontendOf(dockerfile, use).some(isWanted) ? findFrontend(dockerfile)?.line : undefined;
}

function frontendOf(dockerfile: string, use: DockerfileUse): readonly string[] {
  const frontend = findFrontendImage(dockerfile, use);
  return frontend === undefined ? [] : [frontend];
}

/** The frontend that reads the Dockerfile instead of the engine's own. */
export function findFrontendImage(dockerfile: string, { buildArgs }: DockerfileUse): string | undefined {
  return buildArgs.BUILDKIT_SYNTAX ?? findFrontend(dockerfile)?.value;
}

const imageNames = ({ images }: BuildStage) => images.map(({ name }) => name);
