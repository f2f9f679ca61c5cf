import type { DockerImage, Repo } from "@otto/config";
import { type BuildContext, type ReadOptions, readContext, wholeReach } from "@otto/context";
import { isOttoError, OttoError } from "@otto/errors";
import { familiarImageName, hashOnBases, imageFullTag, imageLatestTag } from "@otto/hashing";
import { findReachedImages } from "./base-images.js";
import type { WantedImage } from "./build-plan.js";
import { findBuildReach } from "./build-reach.js";
import { contextSource } from "./context-source.js";

/** Reads the wanted state of an image and of its base images. Each image is read once. */
export type WantedReader = (image: DockerImage) => Promise<WantedImage>;

/** Images whose builds may read all of their contexts, whatever their Dockerfiles say. */
export type WholeImages = ReadonlyMap<string, WholeImage>;

export interface WholeImage {
  readonly cause: string;
  /**
   * The tag that the image has when only its reach is hashed, where the next plan finds the label that says why. Undefined: no plan
   * looks there.
   */
  readonly narrowTag?: string | undefined;
}

/** Contexts that were read, or are being read, by image, each with what was known of it. */
export type ReadContexts = Map<
  string,
  { readonly context: Promise<BuildContext>; readonly wholeImage: WholeImage | undefined }
>;

interface KnownImages {
  readonly wholeImages?: WholeImages | undefined;
  /** Taken from, and added to. Default: each context is read. */
  readonly contexts?: ReadContexts | undefined;
}

/**
 * The reader throws what `readContext` throws, `BUILD_BASE_FAILED` where it threw at a base, and `BUILD_BASE_CYCLE`.
 */
export function createWantedReader(
  repo: Repo,
  options: ReadOptions,
  { wholeImages = new Map(), contexts = new Map() }: KnownImages = {},
): WantedReader {
  const known = new Map<string, WantedImage>();
  const read = async (image: DockerImage, above: readonly string[]): Promise<WantedImage> => {
    const before = known.get(image.name);
    if (before !== undefined) return before;
    if (above.includes(image.name)) throw cycle([...above.slice(above.indexOf(image.name)), image.name]);
    const wholeImage = wholeImages.get(image.name);
    const findReach = (dockerfile: string) =>
      wholeImage === undefined ? findBuildReach(dockerfile, image) : wholeReach(wholeImage.cause);
    const kept = contexts.get(image.name);
    const isCurrent = kept !== undefined && kept.wholeImage === wholeImage;
    const reading = isCurrent ? kept.context : readContext(contextSource(image), { ...options, findReach });
    contexts.set(image.name, { context: reading, wholeImage });
    const context = await reading;
    const bases: WantedImage[] = [];
    for (const base of findBases(repo, image, context)) {
      bases.push(await read(base, [...above, image.name]).catch(throwBaseFailed(image.name, base.name)));
    }
    const wanted = createWanted(repo, image, { context, bases, narrowTag: wholeImage?.narrowTag });
    known.set(image.name, wanted);
    return wanted;
  };
  return (image) => read(image, []);
}

/** The other images of the repo that the build of an image takes by their names. */
function findBases(repo: Repo, image: DockerImage, context: BuildContext): readonly DockerImage[] {
  const references = new Set([
    ...findTakenImages(image, context),
    ...Object.values(image.additionalContexts).flatMap(imageIn).map(familiarImageName),
  ]);
  return repo.docker.images.filter((other) => other.name !== image.name && references.has(latestTag(repo, other)));
}

/** The images that a build takes by name, as the engine lists them. A named context hides an image of the same name. */
export function findTakenImages(image: DockerImage, { dockerfile }: BuildContext): ReadonlySet<string> {
  const contexts = new Set(Object.keys(image.additionalContexts).map(familiarImageName));
  const images = findReachedImages(dockerfile.content.toString(), image).map(familiarImageName);
  return new Set(images.filter((name) => !contexts.has(name)));
}

/** What an address of a named context such as `docker-image://alpine` says. */
export function imageIn(context: string): string[] {
  const [, reference] = /^docker-image:\/\/(.+)$/.exec(context) ?? [];
  return reference === undefined ? [] : [reference];
}

function latestTag({ docker, name }: Repo, image: DockerImage): string {
  return familiarImageName(imageLatestTag(docker.registryUrl, name, image));
}

function createWanted(
  { docker: { registryUrl }, name }: Repo,
  image: DockerImage,
  inputs: Pick<WantedImage, "context" | "bases" | "narrowTag">,
): WantedImage {
  const { context, bases, narrowTag } = inputs;
  const hash = hashOnBases(
    context.hash,
    bases.map((base) => [base.image.name, base.context.hash]),
  );
  return {
    image,
    context: { ...context, hash },
    bases,
    narrowTag,
    tag: imageFullTag(registryUrl, name, image, hash),
    latestTag: imageLatestTag(registryUrl, name, image),
  };
}

function throwBaseFailed(image: string, base: string) {
  return (error: unknown): never => {
    throw isOttoError(error) && error.code !== "BUILD_BASE_CYCLE" ? baseFailed(image, base, error) : error;
  };
}

export function baseFailed(image: string, base: string, error: OttoError): OttoError {
  return new OttoError("BUILD_BASE_FAILED", `building ${image}: its base image ${base} failed: ${error.message}`, {
    hint: error.hint,
    details: { image, base, causeCode: error.code },
    cause: error,
  });
}

function cycle(names: readonly string[]): OttoError {
  return new OttoError("BUILD_BASE_CYCLE", `building ${names[0]}: the base images form a cycle: ${names.join(" → ")}`, {
    hint: "Take one of these images out of the Dockerfile of another.",
    details: { images: [...names] },
  });
}
