import type { ComposeService } from "@otto/compose-files";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { ContainerStep } from "./operations.js";

/**
 * A recreate that was killed leaves the new container under a name of its own: beside the old one it goes, alone it takes
 * the place that it was made for, and with it the old one's anonymous volumes.
 * @param held ids of those that were stopped on purpose
 * @returns `containers`: those that compose is left to act on
 */
export function planRepairs(all: readonly ObservedContainer[], held?: ReadonlySet<string>) {
  const repairs: ContainerStep[] = [];
  const containers: ObservedContainer[] = [];
  for (const container of all) {
    const { id, name, service, replica, state } = container;
    const repair = { service, after: [], containers: [id] };
    const isDouble = all.some(
      (other) => other !== container && other.service === service && other.replica === replica && !isBroken(other),
    );
    if (isBroken(container) || (container.isLeftOver && isDouble)) {
      const cause = isBroken(container) ? `a container of it is ${state}` : "an interrupted up left a second container";
      repairs.push({ do: "remove", ...repair, cause });
      continue;
    }
    const newName = name.slice("0123456789ab_".length);
    if (container.isLeftOver)
      repairs.push({ do: "rename", ...repair, name: newName, cause: "an interrupted up left it another name" });
    if (state === "paused" && held?.has(id) !== true)
      repairs.push({ do: "unpause", ...repair, cause: "its container is paused" });
    containers.push(container);
  }
  return { repairs: joinEqual(repairs), containers };
}

/** The containers of services that are no longer declared. */
export function planOrphans(
  services: readonly ComposeService[],
  containers: readonly ObservedContainer[],
): ContainerStep[] {
  const declared = new Set(services.map(({ name }) => name));
  const orphans = containers.filter(({ service }) => !declared.has(service));
  const cause = "it is no longer declared";
  return joinEqual(
    orphans.map(({ id, service }) => ({ do: "remove", service, cause, after: [], containers: [id], stops: true })),
  );
}

/** One step for all containers of a service to which the same is done. */
function joinEqual(steps: readonly ContainerStep[]): ContainerStep[] {
  const joined = new Map<string, ContainerStep>();
  for (const step of steps) {
    const key = JSON.stringify({ ...step, containers: [] });
    joined.set(key, { ...step, containers: [...(joined.get(key)?.containers ?? []), ...step.containers] });
  }
  return [...joined.values()];
}

function isBroken({ state }: ObservedContainer): boolean {
  return state === "dead" || state === "removing";
}
