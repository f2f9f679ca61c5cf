import { containerHostId, createContainerHost } from "@otto/compose";
import type { Repo } from "@otto/config";
import { isOttoError, type OttoError } from "@otto/errors";
import { eachPart, type Lab } from "@otto/host-registry";
import { isUnreadableStack, listServiceReplicas } from "./service-replicas.js";
import { memberOf, type PlacementOptions, placeStack, projectNameOf } from "./stack-placement.js";
import { createStackUp, createTouch, type DeclaredStack } from "./stack-touch.js";
import { stackEngineOf } from "./swarm/stack-engine.js";
import { declareTasks } from "./swarm/swarm-hosts.js";
import type { ComposeUpOptions } from "./up-options.js";

/** A repo whose services are not known, and why: its stack has no place in the lab, or its files cannot be read. */
export interface SkippedRepo {
  readonly repo: Repo;
  readonly error: OttoError;
}

/** `onEvent`: of the `up` that the use of a placeholder makes. */
export interface DeclareOptions extends PlacementOptions, Pick<ComposeUpOptions, "onEvent"> {
  /**
   * Where a repo's compose files cannot be read, the parent's engine is asked for the stack's containers, and these are made
   * known, with a `compose.warning`; a repo without any is skipped. Default: false; nothing is connected.
   */
  readonly askEngine?: boolean | undefined;
}

/**
 * Makes the services of the lab's repos known as placeholders in `lab.hosts`, each on the parents that `up` would choose.
 * Using one whose container does not run brings its stack up, without building. Services that are not enabled (a profile)
 * are known and not listed.
 * @returns the repos that were left out: this lab has no parent for them, or `askEngine` found nothing
 * @throws OttoError what reading a compose file throws, without `askEngine`
 */
export async function declareStacks(lab: Lab, options: DeclareOptions = {}): Promise<SkippedRepo[]> {
  const skipped: SkippedRepo[] = [];
  for (const repo of lab.repos.filter(({ docker }) => docker.composes.length > 0)) {
    try {
      const parts = lab.partsOf(repo, options.on);
      const stacks = await Promise.all(parts.map((part) => placeStack(part, lab, options)));
      const up = createStackUp(lab, repo, options);
      for (const stack of stacks) declareServices(lab, { stack, whole: repo, up }, options);
    } catch (error) {
      const isKnown = isOttoError(error, "LAB_NO_PARENT") || (options.askEngine === true && isUnreadableStack(error));
      if (!isKnown) throw error;
      const isDeclared = isUnreadableStack(error) && (await declareContainers(lab, repo, options, error as OttoError));
      if (!isDeclared) skipped.push({ repo, error: error as OttoError });
    }
  }
  return skipped;
}

/** @returns whether there is any */
async function declareContainers(lab: Lab, repo: Repo, options: DeclareOptions, error: OttoError): Promise<boolean> {
  const project = projectNameOf(repo, lab, options);
  const found = await eachPart(lab.partsOf(repo, options.on), async ({ parent }) => {
    const replicas = await listServiceReplicas(parent, project, memberOf(repo)).catch(() => []);
    return replicas.map((replica) => ({ parent, replica }));
  });
  if (found.flat().length === 0) return false;
  options.onEvent?.({ type: "compose.warning", project, message: error.message });
  const bringUp = () => Promise.reject(error);
  for (const { parent, replica } of found.flat())
    lab.hosts.declare(createContainerHost(parent, { ...replica, repo: repo.name, project, bringUp }));
  return true;
}

function declareServices(lab: Lab, declared: DeclaredStack, options: DeclareOptions): void {
  const touch = createTouch(lab, declared, options);
  if (stackEngineOf(declared.stack) === "swarm") {
    declareTasks(lab, declared.stack, touch);
    return;
  }
  const { repo, project, parent, files } = declared.stack;
  for (const service of files.services) {
    for (let replica = 1; replica <= service.replicas; replica += 1) {
      const place = { repo: repo.name, project, service: service.name, replica };
      const bringUp = touch(service, containerHostId({ ...place, parent: parent.id }));
      // Another process may have started it, with a profile that this one does not know of.
      lab.hosts.declare(createContainerHost(parent, { ...place, bringUp }), { listed: service.enabled });
    }
  }
}
