import type { DockerImage } from "@otto/config";
import type { BuildContext, ContextReach } from "@otto/context";
import type { ImageInfo } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { familiarImageName, isOwnRegistry } from "@otto/hashing";

/** What an image should become: everything that is known without asking the engine. */
export interface WantedImage {
  readonly image: DockerImage;
  /** Its hash covers the hashes of `bases`. */
  readonly context: BuildContext;
  /** The declared images that it is based on. */
  readonly bases: readonly WantedImage[];
  /** `<project>-<image>:<first 16 digits of the hash>` */
  readonly tag: string;
  /** `<project>-<image>:latest` */
  readonly latestTag: string;
  /** A further tag, under which an image that was built from its whole context says so. */
  readonly narrowTag?: string | undefined;
}

/** What happens to one image, and why. */
export type BuildStep =
  | (WantedStep & {
      readonly do: "skip";
      /** The image that is there, `sha256:…`. */
      readonly imageId: string;
      /** Whether `:latest` already points to it. */
      readonly isLatest: boolean;
    })
  /** Built after all when the registry does not have it. */
  | (WantedStep & {
      readonly do: "pull";
      /** Of an image that another parent provides: what this one does when none of those before it can. */
      readonly takeOver?: WantedStepOf<"pull" | "build"> | undefined;
    })
  | (WantedStep & {
      readonly do: "build";
      /** Whether the engine has an image under the tag that other inputs made. */
      readonly replacesForeign: boolean;
      /** Whether to build even if another process has just built it. */
      readonly isForced: boolean;
      /** Whether to build without the engine's layer cache. */
      readonly noCache: boolean;
      /** The id of the existing image, which the build yields again if no base image is newer; else undefined. */
      readonly refreshes: string | undefined;
    })
  | { readonly do: "fail"; readonly image: string; readonly cause: string; readonly error: OttoError };

export type WantedStepOf<Do extends BuildStep["do"]> = Extract<BuildStep, { do: Do }>;

interface WantedStep {
  readonly image: string;
  readonly tag: string;
  readonly cause: string;
  /** Whether both tags go to the registry afterwards. */
  readonly push: boolean;
  /** How several parents come by the image with one build. Undefined: this parent sees to it alone. */
  readonly sharing?: ImageSharing | undefined;
  readonly wanted: WantedImage;
}

/** One parent provides an image and pushes it to the registry, the others wait for that and pull it. */
export interface ImageSharing {
  /** Their ids, in the order in which they would provide it: the first does; one that cannot is succeeded by the next. */
  readonly parentIds: readonly string[];
  /** What the others pull: the hash tag, or the digest where parents of several architectures push to one tag. */
  readonly by: "tag" | "digest";
}

/** The label that holds the whole hash: a tag alone holds 16 of its digits, and anybody can set a tag. */
export const hashLabel = "otto.context-hash";

/** The label of an image whose build read more of its context than its Dockerfile says: its hash covers all of it. */
export const wholeLabel = "otto.whole-context";

/** Whether an image was built from exactly these inputs. */
export function holdsHash(wanted: WantedImage, observed: ImageInfo | undefined): boolean {
  return observed?.labels[hashLabel] === wanted.context.hash;
}

export const absentCause = "no image with this hash is there";

export interface PlanImageOptions {
  readonly rebuild: boolean;
  /** As `rebuild`, and without the engine's cache of layers. Default false. */
  readonly noCache?: boolean | undefined;
  /** Whether newer base images are asked for. Default false. */
  readonly pull?: boolean | undefined;
  /** Over what the image's settings say. */
  readonly push?: boolean | undefined;
  readonly registryUrl: string | undefined;
}

/**
 * Decides what to do about one image.
 * @param observed the image that the engine has under the wanted tag
 */
export function planImage(wanted: WantedImage, observed: ImageInfo | undefined, options: PlanImageOptions): BuildStep {
  const push = options.push ?? wanted.image.push ?? false;
  const hasRegistry = isOwnRegistry(options.registryUrl);
  if (push && !hasRegistry) return refusePush(wanted);
  const common = { image: wanted.image.name, tag: wanted.tag, push, wanted };
  const isForeign = observed !== undefined && !holdsHash(wanted, observed);
  const { noCache = false, rebuild, pull = false } = options;
  const asked = { isForced: noCache || rebuild || pull, noCache, refreshes: undefined };
  const build = { do: "build", ...common, replacesForeign: isForeign, ...asked } as const;
  if (noCache) return { ...build, cause: "asked to build without the cache" };
  if (rebuild) return { ...build, cause: "asked to rebuild" };
  if (isForeign) return { ...build, cause: "the image under this tag was not built from these inputs" };
  if (pull) return { ...build, refreshes: observed?.id, cause: "asked for newer base images" };
  if (observed !== undefined) {
    const isLatest = observed.tags.includes(familiarImageName(wanted.latestTag));
    return { do: "skip", ...common, imageId: observed.id, isLatest, cause: "the image with this hash is there" };
  }
  if (hasRegistry) return { do: "pull", ...common, cause: `${absentCause}; the registry may have it` };
  return { ...build, cause: absentCause };
}

/** What is done once the parent has the image, in this order. */
export type FinishingStep =
  | { readonly do: "tag"; readonly source: string; readonly target: string }
  | { readonly do: "push"; readonly tag: string };

/**
 * Points `:latest` at the wanted image, whether it was just built or already there, and pushes it. No tag is written when
 * `:latest` already points to it: that would fail on an engine whose disk is full.
 * @param pushes which tags go to the registry. Default: as the step says
 */
export function planFinish(
  step: WantedStepOf<"skip" | "pull" | "build">,
  pushes: "both" | "hash" | "none" = step.push ? "both" : "none",
): FinishingStep[] {
  const { tag, latestTag, narrowTag } = step.wanted;
  const isTagged = step.do === "skip" && step.isLatest;
  const targets = isTagged ? [] : [latestTag, ...(narrowTag === undefined ? [] : [narrowTag])];
  const tags = targets.map((target) => ({ do: "tag", source: tag, target }) as const);
  const pushed = { both: [tag, latestTag], hash: [tag], none: [] }[pushes];
  return [...tags, ...pushed.map((each) => ({ do: "push", tag: each }) as const)];
}

/**
 * Why an image that was pulled is not the wanted one, as words behind its name; undefined: it is. The engine pulls what
 * its machine cannot run, too.
 * @param architecture the engine's own
 */
export function refusePulled(
  wanted: WantedImage,
  pulled: ImageInfo | undefined,
  architecture: string,
): string | undefined {
  if (pulled === undefined || !holdsHash(wanted, pulled)) return "in the registry was not built from these inputs";
  // With a platform in the settings, the hash holds it.
  if (wanted.image.platform !== undefined || pulled.architecture === architecture) return undefined;
  return `in the registry is for ${pulled.architecture}`;
}

function refusePush({ image }: WantedImage): BuildStep {
  const error = new OttoError("BUILD_NO_REGISTRY", `pushing ${image.name}: the settings name no registry`, {
    hint: 'Set registry_url under [docker], for example "registry.example:5000" or "docker.io/<account>".',
    details: { image: image.name },
  });
  return { do: "fail", image: image.name, cause: error.message, error };
}

/** One line for a person. */
export function formatBuildStep(step: BuildStep): string {
  if (step.do === "fail") return `${step.image}: fail (${step.cause})`;
  const whole = findWholeCause(step.wanted);
  const reach = whole === undefined ? "" : `; any change of its context makes another image: ${whole}`;
  return `${step.image}: ${step.do}${step.push ? " and push" : ""} ${step.tag} (${step.cause}${reach})`;
}

/**
 * Why the hash covers all of a context although it cannot be known that the build reads it; undefined: it covers what
 * the build reads.
 */
export function findWholeCause(wanted: WantedImage): string | undefined {
  return reachesOf(wanted)
    .map((one) => (one.kind === "whole" ? one.cause : undefined))
    .find((cause) => cause !== undefined);
}

/** Of the context, and of the further ones that are directories. */
export function reachesOf({ context: { reach, namedContexts } }: WantedImage): readonly ContextReach[] {
  return [reach, ...namedContexts.flatMap((named) => (named.kind === "local" ? [named.reach] : []))];
}
