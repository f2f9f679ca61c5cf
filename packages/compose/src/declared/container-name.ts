import type { ComposeService } from "@otto/compose-files";
import type { ServiceReplica } from "@otto/hosts";

/**
 * Which container of a stack a name means: that of a service's `container_name`, else `<project>-<service>-<replica>`, as
 * Compose names containers by itself.
 * @returns undefined for a name of none of these services
 */
export function findReplica(
  name: string,
  project: string,
  services: readonly ComposeService[],
): ServiceReplica | undefined {
  const own = services.find(({ containerName }) => containerName === name);
  if (own !== undefined) return { service: own.name, replica: 1 };
  if (!name.startsWith(`${project}-`)) return undefined;
  const [, service, replica] = /^(.+)-(\d+)$/.exec(name.slice(project.length + 1)) ?? [];
  if (service === undefined || !services.some((one) => one.name === service)) return undefined;
  return { service, replica: Number(replica) };
}
