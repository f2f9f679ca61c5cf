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
import type { Lab } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { currentUser } from "./current-user.js";
import { checkServices } from "./declared-services.js";
import { locateStack, type PlacementOptions, placementOf } from "./stack-placement.js";

export interface ComposeActionOptions extends PlacementOptions, ServiceActionSettings {
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ServiceActionEvent) => void) | undefined;
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
  const { location, services } = await findTarget(repo, lab, { action, options });
  const changes = await actOnServices(location, action, { ...options, services, who: currentUser() });
  return changes.map(withHost(repo, location));
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
  const { location, services } = await findTarget(repo, lab, { action, options });
  const changes = await previewAction(location, action, { ...options, services });
  return changes.map(withHost(repo, location));
}

function withHost(
  repo: Repo,
  { parent, project }: { readonly parent: Parent; readonly project: string },
): (change: ServiceChange) => ContainerChange {
  const idOf = (change: ServiceChange) => containerHostId({ ...change, parent: parent.id, repo: repo.name });
  return (change) => ({ ...change, project, host: idOf(change) });
}

async function findTarget(
  repo: Repo,
  lab: Lab,
  { action, options }: { readonly action: ServiceAction; readonly options: ComposeActionOptions },
) {
  const { services } = options;
  const named = await checkServices(repo, lab, { ...placementOf(options), services, doing: action });
  return { location: locateStack(repo, lab, options), services: named };
}
