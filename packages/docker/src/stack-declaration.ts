import { containerHostId, createContainerHost, type PlacedStack } from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import type { ComposeUpOptions } from "./compose-up.js";
import { type PlacementOptions, placeStack } from "./stack-placement.js";
import { createTouch } from "./stack-touch.js";

/** A repo whose stack has no place in the lab, and why. */
export interface SkippedRepo {
  readonly repo: Repo;
  readonly error: OttoError;
}

/** `onEvent`: of the `up` that the use of a placeholder makes. */
export type DeclareOptions = PlacementOptions & Pick<ComposeUpOptions, "onEvent">;

/**
 * Makes the services of the lab's repos known as placeholders in `lab.hosts`, each on the parent that `up` would choose.
 * Using one whose container does not run brings its stack up, without building. Services that are not enabled (a profile)
 * are known and not listed.
 * @returns the repos that were left out: this lab has no parent for them
 * @throws OttoError what reading a compose file throws
 */
export async function declareStacks(lab: Lab, options: DeclareOptions = {}): Promise<SkippedRepo[]> {
  const skipped: SkippedRepo[] = [];
  for (const repo of lab.repos.filter(({ docker }) => docker.composes.length > 0)) {
    try {
      declareServices(lab, await placeStack(repo, lab, options), options);
    } catch (error) {
      if (!isOttoError(error, "LAB_NO_PARENT")) throw error;
      skipped.push({ repo, error });
    }
  }
  return skipped;
}

function declareServices(lab: Lab, stack: PlacedStack, options: DeclareOptions): void {
  const touch = createTouch(lab, stack, options);
  const { repo, project, parent, files } = stack;
  for (const service of files.services) {
    for (let replica = 1; replica <= service.replicas; replica += 1) {
      const place = { repo: repo.name, project, service: service.name, replica };
      const bringUp = touch(service, containerHostId({ ...place, parent: parent.id }));
      // Another process may have started it, with a profile that this one does not know of.
      lab.hosts.declare(createContainerHost(parent, { ...place, bringUp }), { listed: service.enabled });
    }
  }
}
