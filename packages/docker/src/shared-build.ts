import type { BuildEvent, BuildImagesOnOptions, BuildTarget, ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { buildImagesOn } from "./build-images.js";
import { shareCall } from "./shared-call.js";

/**
 * Builds images of a repo on one parent.
 * @returns image name to result
 * @throws OttoError what `buildImages` throws; what `onEvent` threw, when the images are there
 */
export type BuildOnParent = (
  parent: Parent,
  onEvent: ((event: BuildEvent) => void) | undefined,
) => Promise<Readonly<Record<string, ImageResult>>>;

/** One call of {@link buildImagesOn} for callers that each work on one parent. @param findTargets those of the callers */
export function shareBuild(
  repo: Repo,
  findTargets: () => Promise<readonly BuildTarget[]>,
  options: Omit<BuildImagesOnOptions, "onEvent" | "onResults">,
): BuildOnParent {
  const ask = shareCall<BuildEvent, Readonly<Record<string, ImageResult>>>(async (outlets) =>
    buildImagesOn(repo, await findTargets(), {
      ...options,
      onEvent: (event) => outlets.tell(event.parent, event),
      onResults: (parent, results, error) =>
        error === undefined ? outlets.end(parent, results) : outlets.fail(parent, error),
    }),
  );
  return (parent, onEvent) => ask(parent.id, onEvent);
}
