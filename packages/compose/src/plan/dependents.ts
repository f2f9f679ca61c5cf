import type { ComposeService } from "@otto/compose-files";
import type { Decision } from "./operations.js";

/**
 * What becomes of services that are fine by themselves, but not beside what happens to others: one that is in another's
 * namespaces needs those of its new process, one with another's mounts those of its new container, and one with
 * `restart: true` is restarted when what it depends on is replaced.
 * @param own what is to be done to each service for its own sake
 * @param live the services that have a running container
 */
export function planDependents(
  services: readonly ComposeService[],
  own: readonly Decision[],
  live: ReadonlySet<string>,
): Decision[] {
  const decisions = new Map(own.map((decision) => [decision.service, decision]));
  const actionOf = (service: string) => decisions.get(service)?.do;
  const isReplaced = (service: string) => {
    const action = actionOf(service);
    return action === "recreate" || (action === "create" && !live.has(service));
  };
  const begins = (service: string) => isReplaced(service) || actionOf(service) === "start";
  const isKept = (service: string) => {
    const action = actionOf(service);
    return (action === "leave" && live.has(service)) || action === "start" || action === "unpause";
  };
  for (let isSettled = false; !isSettled; ) {
    isSettled = true;
    for (const { name, sharesWith, volumesFrom } of services) {
      const cause = causeOf({ shared: sharesWith.find(begins), mounted: volumesFrom.find(isReplaced) });
      if (cause === undefined || !isKept(name)) continue;
      decisions.set(name, { do: "recreate", service: name, cause });
      isSettled = false;
    }
  }
  for (const { name, dependsOn } of services) {
    const other = dependsOn.find(({ service, restart }) => restart && actionOf(service) === "recreate");
    if (other === undefined || actionOf(name) !== "leave" || !live.has(name)) continue;
    decisions.set(name, { do: "restart", service: name, cause: `it depends on ${other.service}, which is recreated` });
  }
  return own.map((decision) => decisions.get(decision.service) ?? decision);
}

function causeOf(other: { shared: string | undefined; mounted: string | undefined }): string | undefined {
  if (other.shared !== undefined) return `it shares namespaces with ${other.shared}, which starts anew`;
  return other.mounted === undefined ? undefined : `it has the volumes of ${other.mounted}, which is replaced`;
}
