import { createContainerHost, type PlacedStack, readStack } from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { getUserComposeProject } from "./compose-project.js";

export interface PlacementOptions {
  /** Id or handle of the parent. Default: SPEC's rule, `default_host` first. */
  readonly on?: string | undefined;
  /** Default: {@link getUserComposeProject}. */
  readonly projectName?: string | undefined;
  /** Active profiles beside those of the settings. */
  readonly profiles?: readonly string[] | undefined;
}

/** The Compose project name that a call means. */
export function projectNameOf(repo: Repo, lab: Lab, options: PlacementOptions): string {
  return options.projectName ?? getUserComposeProject(repo.name, undefined, lab.surroundings.env);
}

/** Reads a repo's stack and chooses its parent. Nothing is connected. */
export async function placeStack(repo: Repo, lab: Lab, options: PlacementOptions): Promise<PlacedStack> {
  const parent = lab.parentFor(repo, options.on);
  const { env, home } = lab.surroundings;
  const stack = await readStack(repo, {
    projectName: projectNameOf(repo, lab, options),
    profiles: options.profiles,
    environment: env,
    home,
  });
  return { ...stack, parent };
}

/** A repo whose stack has no place in the lab, and why. */
export interface SkippedRepo {
  readonly repo: Repo;
  readonly error: OttoError;
}

/**
 * Makes the services of the lab's repos known as placeholders in `lab.hosts`, each on the parent that `up` would choose.
 * @returns the repos that were left out: this lab has no parent for them
 * @throws OttoError what reading a compose file throws
 */
export async function declareStacks(lab: Lab, options: PlacementOptions = {}): Promise<SkippedRepo[]> {
  const skipped: SkippedRepo[] = [];
  for (const repo of lab.repos.filter(({ docker }) => docker.composes.length > 0)) {
    try {
      declareServices(lab, await placeStack(repo, lab, options));
    } catch (error) {
      if (!isOttoError(error, "LAB_NO_PARENT")) throw error;
      skipped.push({ repo, error });
    }
  }
  return skipped;
}

function declareServices(lab: Lab, stack: PlacedStack): void {
  for (const { name, enabled, replicas } of stack.files.services) {
    for (let replica = 1; enabled && replica <= replicas; replica += 1) {
      lab.hosts.declare(
        createContainerHost(stack.parent, { repo: stack.repo.name, project: stack.project, service: name, replica }),
      );
    }
  }
}
