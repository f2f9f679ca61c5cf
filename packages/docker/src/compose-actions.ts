import {
  actOnServices,
  containerHostId,
  previewAction,
  type ServiceAction,
  type ServiceActionEvent,
  type ServiceActionSettings,
  type ServiceChange,
} from "@otto/compose";
import type { Repo } from "@otto/config";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { currentUser } from "./current-user.js";
import { checkServices } from "./declared-services.js";
import { callParts, type OnParent } from "./repo-parts.js";
import { locateStack, type PlacementOptions, placementOf } from "./stack-placement.js";
import { requireComposeEngine } from "./swarm/stack-engine.js";

export interface ComposeActionOptions extends PlacementOptions, ServiceActionSettings {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: OnParent<ServiceActionEvent>) => void) | undefined;
}

/** A container before and after an action. */
export interface ContainerChange extends ServiceChange {
  /** The id of its container host. */
  readonly host: string;
  /** The Compose project. */
  readonly project: string;
}

/**
 * Stops, starts, restarts, kills, pauses or unpauses containers of a repo's stack, as `docker compose` does, when nobody else
 * works on it. Nothing is created or removed: `composeUp` starts what was stopped.
 * @returns the containers that were meant, and any other that has changed; none where the stack has none
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE` before anything is done, and what `actOnServices` throws
 */
export async function composeAct(
  repo: Repo,
  lab: Lab,
  action: ServiceAction,
  options: ComposeActionOptions = {},
): Promise<ContainerChange[]> {
  const who = currentUser();
  const results = await callParts({ repo, lab, doing: action }, options, async (part, own) => {
    const { location, services } = await findTarget(part, lab, { action, options: own });
    const changes = await actOnServices(location, action, { ...own, services, who });
    return changes.map(withHost(repo, location));
  });
  return results.flatMap(({ value }) => value);
}

/**
 * The containers that {@link composeAct} would change, each as it is now; `start` also starts what they depend on. Changes nothing.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `previewAction` throws
 */
export async function planComposeAct(
  repo: Repo,
  lab: Lab,
  action: ServiceAction,
  options: ComposeActionOptions = {},
): Promise<ContainerChange[]> {
  const results = await callParts({ repo, lab, doing: action }, options, async (part, own) => {
    const { location, services } = await findTarget(part, lab, { action, options: own });
    return (await previewAction(location, action, { ...own, services })).map(withHost(repo, location));
  });
  return results.flatMap(({ value }) => value);
}

function withHost(
  repo: Repo,
  { parent, project }: { readonly parent: Parent; readonly project: string },
): (change: ServiceChange) => ContainerChange {
  const idOf = (change: ServiceChange) => containerHostId({ ...change, parent: parent.id, repo: repo.name });
  return (change) => ({ ...change, project, host: idOf(change) });
}

/** What a swarm has in the place of an action. */
function insteadOf(action: ServiceAction): string {
  if (action === "restart") return "Replace its tasks: `otto docker up --force-recreate SERVICE`.";
  return "A swarm keeps as many tasks as are declared: `otto docker up --scale SERVICE=0` ends them, `otto docker up` starts them again.";
}

async function findTarget(
  part: RepoPart,
  lab: Lab,
  { action, options }: { readonly action: ServiceAction; readonly options: ComposeActionOptions },
) {
  requireComposeEngine(part, `otto docker ${action}`, insteadOf(action));
  const { services } = options;
  const named = await checkServices(part, lab, { ...placementOf(options), services, doing: action });
  return { location: locateStack(part, lab, options), services: named };
}
