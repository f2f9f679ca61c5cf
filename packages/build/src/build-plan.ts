import type { DockerImage } from "@otto/config";
import type { BuildContext } from "@otto/context";
import type { ImageInfo } from "@otto/engine";
import type { OttoError } from "@otto/errors";

/** What an image should become: everything that is known without asking the engine. */
export interface WantedImage {
  readonly image: DockerImage;
  readonly context: BuildContext;
  /** `<project>-<image>:<first 16 digits of the hash>` */
  readonly tag: string;
  /** `<project>-<image>:latest` */
  readonly latestTag: string;
}

/** What happens to one image, and why. */
export type BuildStep =
  | {
      readonly do: "skip";
      readonly image: string;
      readonly tag: string;
      readonly cause: string;
      readonly wanted: WantedImage;
    }
  | {
      readonly do: "build";
      readonly image: string;
      readonly tag: string;
      readonly cause: string;
      readonly wanted: WantedImage;
    }
  | { readonly do: "fail"; readonly image: string; readonly cause: string; readonly error: OttoError };

/** The label that holds the whole hash: a tag alone holds 16 of its digits, and anybody can set a tag. */
export const hashLabel = "otto.context-hash";

/**
 * Decides what to do about one image.
 * @param observed the image that the engine has under the wanted tag
 */
export function planImage(
  wanted: WantedImage,
  observed: ImageInfo | undefined,
  options: { readonly rebuild: boolean },
): BuildStep {
  const common = { image: wanted.image.name, tag: wanted.tag, wanted };
  if (options.rebuild) return { do: "build", ...common, cause: "asked to rebuild" };
  if (observed === undefined) return { do: "build", ...common, cause: "no image with this hash is there" };
  if (observed.labels[hashLabel] !== wanted.context.hash) {
    return { do: "build", ...common, cause: "the image under this tag was not built from these inputs" };
  }
  return { do: "skip", ...common, cause: "the image with this hash is there" };
}

/** One line for a person. */
export function formatBuildStep(step: BuildStep): string {
  return step.do === "fail"
    ? `${step.image}: fail (${step.cause})`
    : `${step.image}: ${step.do} ${step.tag} (${step.cause})`;
}
