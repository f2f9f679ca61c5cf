import { requireDeclared } from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab } from "@otto/host-registry";
import { isUnreadableStack, listServiceReplicas } from "./service-replicas.js";
import { type PlacementOptions, placeStack, projectNameOf } from "./stack-placement.js";

/**
 * The services that a repo's compose files declare, those of a profile too. Where the files cannot be read, those that have a
 * container.
 * @throws OttoError what `readStack` throws where there is no container either, and what connecting throws
 */
export async function listServices(repo: Repo, lab: Lab, options: PlacementOptions = {}): Promise<string[]> {
  try {
    const { files } = await placeStack(repo, lab, options);
    return files.services.map(({ name }) => name);
  } catch (error) {
    if (!isUnreadableStack(error)) throw error;
    const replicas = await listServiceReplicas(lab.parentFor(repo, options.on), projectNameOf(repo, lab, options));
    if (replicas.length === 0) throw error;
    return [...new Set(replicas.map(({ service }) => service))];
  }
}

/**
 * Checks names of services before anything is done. Where the files cannot be read, a service with a container is known, too.
 * @param options `doing`: for the message, as `reading the logs`
 * @returns undefined where none is named: all are meant
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `readStack` throws
 */
export async function checkServices(
  repo: Repo,
  lab: Lab,
  {
    services = [],
    doing,
    ...options
  }: PlacementOptions & { readonly services?: readonly string[] | undefined; readonly doing: string },
): Promise<readonly string[] | undefined> {
  if (services.length === 0) return undefined;
  try {
    requireDeclared(await placeStack(repo, lab, options), services, doing);
  } catch (error) {
    if (!isUnreadableStack(error)) throw error;
    const replicas = await listServiceReplicas(lab.parentFor(repo, options.on), projectNameOf(repo, lab, options));
    if (services.some((name) => !replicas.some(({ service }) => service === name))) throw error;
  }
  return services;
}
