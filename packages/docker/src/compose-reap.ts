import { reapStack, type UpEvent } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { reachManager, reapSwarm } from "@otto/swarm";
import { currentUser } from "./current-user.js";
import { callParts, type OnParent } from "./repo-parts.js";
import { locateStack, type PlacementOptions } from "./stack-placement.js";
import { swarmLocationOf } from "./swarm/lab-machines.js";
import { stackEngineOf } from "./swarm/stack-engine.js";

export type ComposeReapOptions = Pick<PlacementOptions, "on" | "projectName"> & {
  readonly onEvent?: ((event: OnParent<UpEvent>) => void) | undefined;
};

/**
 * Takes down a stack whose `composed` users were killed. The parent does so by itself; this returns when it is done.
 * @returns whether it was taken down, of several parents on one of them: not one that ran before its users came, or that somebody still uses
 * @throws OttoError `COMPOSE_DOWN_FAILED`, and what connecting throws
 */
export async function composeReap(repo: Repo, lab: Lab, options: ComposeReapOptions = {}): Promise<boolean> {
  const who = currentUser();
  const results = await callParts({ repo, lab, doing: "taking down" }, options, (part, { onEvent }) =>
    stackEngineOf(part) === "swarm"
      ? reachManager(swarmLocationOf(part, lab, options), { onEvent }).then((at) => reapSwarm(at, { who, onEvent }))
      : reapStack(locateStack(part, lab, options), { who, onEvent }),
  );
  return results.some(({ value }) => value);
}
