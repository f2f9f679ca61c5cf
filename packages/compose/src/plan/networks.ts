import type { ComposeService } from "@otto/compose-files";
import type { NetworkDigest, ServiceDigest } from "../desired/service-digest.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { NetworkStep } from "./operations.js";

/**
 * Which networks are replaced, as by Compose since 2.32: those whose settings are others than all their containers were
 * started with. Those containers are recreated, for their services' settings have changed with the network's.
 */
export function planNetworks(
  enabled: readonly ComposeService[],
  containers: readonly ObservedContainer[],
  digests: ReadonlyMap<string, ServiceDigest>,
): NetworkStep[] {
  const names = enabled.map(({ name }) => name);
  const declared = new Map<string, NetworkDigest>(
    names.flatMap((name) => Object.entries(digests.get(name)?.networks ?? {})),
  );
  return [...declared].flatMap(([key, { name, settings }]): NetworkStep[] => {
    const known = containers.filter(({ service, networks }) => names.includes(service) && Object.hasOwn(networks, key));
    // A network that an interrupted up replaced has a container of the new settings, or none.
    if (known.length === 0 || known.some(({ networks }) => networks[key] === settings)) return [];
    // One that was started by others, or a version before, has no label, and is recreated like them.
    const isOnIt = (container: ObservedContainer) =>
      known.includes(container) || digests.get(container.service)?.networks?.[key] !== undefined;
    const own = containers.filter((container) => names.includes(container.service) && isOnIt(container));
    const step = { do: "recreate", network: key, cause: "its settings changed", after: [] } as const;
    return [{ ...step, name, containers: own.map(({ id }) => id) }];
  });
}
