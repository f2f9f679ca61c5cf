import { reapStack, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { currentUser } from "./current-user.js";
import { type PlacementOptions, projectNameOf } from "./stack-placement.js";

export type ComposeReapOptions = Pick<PlacementOptions, "on" | "projectName"> & {
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
};

/**
 * Takes down a stack whose `composed` users were killed. The parent does so by itself; this returns when it is done.
 * @returns whether it was taken down: not one that ran before its users came, or that somebody still uses
 * @throws OttoError `COMPOSE_DOWN_FAILED`, and what connecting throws
 */
export async function composeReap(repo: Repo, lab: Lab, options: ComposeReapOptions = {}): Promise<boolean> {
  const stack = { parent: lab.parentFor(repo, options.on), project: projectNameOf(repo, lab, options) };
  return reapStack(stack, { who: currentUser(), onEvent: options.onEvent });
}
