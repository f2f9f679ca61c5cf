import { requireDeclared } from "@otto/compose";
import type { Repo } from "@otto/config";
import { eachPart, type Lab, type RepoPart } from "@otto/host-registry";
import { isUnreadableStack, listServiceReplicas } from "./service-replicas.js";
import { memberOf, type PlacementOptions, placeStack, projectNameOf } from "./stack-placement.js";

/**
 * The services that a repo's compose files declare, those of a profile too. Where the files cannot be read, those that have a
 * container.
 * @throws OttoError what `readStack` throws where there is no container either, and what connecting throws
 */
export async function listServices(repo: Repo, lab: Lab, options: PlacementOptions = {}): Promise<string[]> {
  const known = await eachPart(lab.partsOf(repo, options.on), (part) => listPartServices(part, lab, options));
  return [...new Set(known.flat())];
}

/** The same of what belongs on one parent. */
export async function listPartServices(part: RepoPart, lab: Lab, options: PlacementOptions): Promise<string[]> {
  try {
    const { files } = await placeStack(part, lab, options);
    return files.services.map(({ name }) => name);
  } catch (error) {
    if (!isUnreadableStack(error)) throw error;
    const names = await listContainerServices(part, lab, options);
    if (names.length === 0) throw error;
    return names;
  }
}

/** The services of a repo's stack that have a container on one parent. */
export async function listContainerServices(part: RepoPart, lab: Lab, options: PlacementOptions): Promise<string[]> {
  const replicas = await listServiceReplicas(part.parent, projectNameOf(part.repo, lab, options), memberOf(part.repo));
  return [...new Set(replicas.map(({ service }) => service))];
}

/**
 * Checks names of services before anything is done. Where the files cannot be read, a service with a container is known, too.
 * @param options `doing`: for the message, as `reading the logs`
 * @returns undefined where none is named: all are meant; those of the repo where it shares its project with others
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` throws
 */
export async function checkServices(
  part: RepoPart,
  lab: Lab,
  {
    services = [],
    doing,
    ...options
  }: PlacementOptions & { readonly services?: readonly string[] | undefined; readonly doing: string },
): Promise<readonly string[] | undefined> {
  // Others of the project are other repos'.
  if (services.length === 0)
    return memberOf(part.repo) === undefined ? undefined : listPartServices(part, lab, options);
  try {
    requireDeclared(await placeStack(part, lab, options), services, doing);
  } catch (error) {
    if (!isUnreadableStack(error)) throw error;
    const names = await listContainerServices(part, lab, options);
    if (services.some((name) => !names.includes(name))) throw error;
  }
  return services;
}
