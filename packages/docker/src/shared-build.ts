import type { BuildEvent, BuildImagesOnOptions, BuildTarget, ImageResult } from "@otto/build";
import type { Repo } from "@otto/config";
import { guardListener } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { buildImagesOn } from "./build-images.js";

/**
 * Builds images of a repo on one parent.
 * @returns image name to result
 * @throws OttoError what `buildImages` throws; what `onEvent` threw, when the images are there
 */
export type BuildOnParent = (
  parent: Parent,
  onEvent: ((event: BuildEvent) => void) | undefined,
) => Promise<Readonly<Record<string, ImageResult>>>;

/**
 * One call of {@link buildImagesOn} for callers that each work on one parent. It begins with the first of them; each gets the
 * events and the results of its own parent, and has its images when that parent has them.
 * @param targets those of the callers; each asks once
 */
export function shareBuild(
  repo: Repo,
  targets: readonly BuildTarget[],
  options: Omit<BuildImagesOnOptions, "onEvent" | "onResults">,
): BuildOnParent {
  const outlets = new Map(targets.map(({ parent }) => [parent.id, createOutlet()]));
  let isBegun = false;
  const build = () =>
    buildImagesOn(repo, targets, {
      ...options,
      onEvent: (event) => outlets.get(event.parent)?.tell(event),
      onResults: (parent, results, error) => {
        if (error === undefined) outlets.get(parent)?.end(results);
        else outlets.get(parent)?.fail(error);
      },
    });
  const begin = () => {
    isBegun = true;
    build().catch((error: unknown) => {
      for (const outlet of outlets.values()) outlet.fail(error);
    });
  };
  return async (parent, onEvent) => {
    const outlet = outlets.get(parent.id);
    if (outlet === undefined) throw new TypeError(`building on ${parent.id}: it is no target of this build`);
    const guarded = guardListener(onEvent);
    outlet.listen(guarded.tell);
    if (!isBegun) begin();
    const results = await outlet.results;
    guarded.throwFailure();
    return results;
  };
}

/** What comes from one parent, kept until somebody listens. */
function createOutlet() {
  let end: (results: Readonly<Record<string, ImageResult>>) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const results = new Promise<Readonly<Record<string, ImageResult>>>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  // A caller that has gone does not hear of it.
  results.catch(() => {});
  const held: BuildEvent[] = [];
  let tell = (event: BuildEvent): void => {
    held.push(event);
  };
  return {
    ...{ results, end, fail },
    tell: (event: BuildEvent) => tell(event),
    listen: (listener: (event: BuildEvent) => void) => {
      tell = listener;
      for (const event of held.splice(0)) listener(event);
    },
  };
}
