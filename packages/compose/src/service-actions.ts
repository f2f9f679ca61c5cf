import { type ContainerStatus, readContainerStatus } from "@otto/engine";
import { OttoError } from "@otto/errors";
import type { ServiceReplica } from "@otto/hosts";
import { lastLine } from "./declared/engine-text.js";
import type { ComposeOutputEvent, StackEvent } from "./events/stack-event.js";
import { createStackProgress, readOutput } from "./events/stack-progress.js";
import { type ObservedContainer, observeContainers } from "./observed/observed-stack.js";
import { composeCommand } from "./session/compose-command.js";
import { createCompose } from "./session/compose-process.js";
import { type WaitingEvent, withStackLock } from "./session/stack-lock.js";
import { openStackSession, type StackLocation } from "./session/stack-session.js";

/** What `docker compose` does to containers that are there. */
export type ServiceAction = "stop" | "start" | "restart" | "kill" | "pause" | "unpause";

export type ServiceActionEvent = WaitingEvent | StackEvent | ComposeOutputEvent;

/** Which containers, and how; what an action has no use for is left out of account. */
export interface ServiceActionSettings {
  /** Default: every service that has a container. */
  readonly services?: readonly string[] | undefined;
  /** Of `stop` and `restart`: seconds before a container is killed. Default: the container's own, else 10. */
  readonly stopTimeout?: number | undefined;
  /** Of `kill`: the signal, as `HUP`. Default `KILL`. */
  readonly killSignal?: string | undefined;
  /** Of `restart`: leave those alone that depend on it with `restart: true`. Default false. */
  readonly noDeps?: boolean | undefined;
}

export interface ServiceActionOptions extends ServiceActionSettings {
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ServiceActionEvent) => void) | undefined;
}

/** A container before and after an action. */
export interface ServiceChange extends ServiceReplica {
  /** Whole id of the container. */
  readonly id: string;
  readonly name: string;
  readonly before: ContainerStatus;
  readonly after: ContainerStatus;
}

/**
 * Has `docker compose` stop, start, restart, kill, pause or unpause containers, in the order of what depends on what, when
 * nobody else works on the stack. It creates and removes nothing; `up` starts what was stopped, as with compose.
 * @returns the containers that were meant, and any other that has changed
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_ACTION_FAILED` with what compose said, `COMPOSE_MISSING`,
 * `COMPOSE_ENGINE_FAILED`, `COMPOSE_LOCK_UNAVAILABLE`, `COMPOSE_SESSION_LOST`
 */
export async function actOnServices(
  location: StackLocation,
  action: ServiceAction,
  options: ServiceActionOptions,
): Promise<ServiceChange[]> {
  const { project } = location;
  const { signal, onEvent = () => {} } = options;
  return withStackLock(location, options, async (session) => {
    const before = await observeContainers(session);
    if (before.length === 0) {
      if (action === "start") throw actionFailed(location, action, "it has no container; otto up makes them");
      return [];
    }
    const { exitCode, output } = await createCompose(session).run(
      (compose) => actionCommand(compose, project, { action, ...options }),
      { signal, onOutput: readOutput(createStackProgress({ project, before, onEvent }), project, onEvent) },
    );
    signal?.throwIfAborted();
    if (exitCode !== 0) throw actionFailed(location, action, lastLine(output), output);
    return changesOf(before, await observeContainers(session), options.services);
  });
}

/**
 * The containers that {@link actOnServices} would change, beside those of services that they depend on. Changes nothing.
 * @throws OttoError `COMPOSE_PROJECT_INVALID`, `COMPOSE_ENGINE_FAILED`, and what connecting throws
 */
export async function previewAction(
  location: StackLocation,
  action: ServiceAction,
  { services, signal }: ServiceActionSettings & { readonly signal?: AbortSignal | undefined },
): Promise<ServiceChange[]> {
  await using session = await openStackSession(location, { who: undefined, signal });
  const containers = await observeContainers(session);
  return changesOf(containers, containers, services).filter(({ before }) => isChangedBy(action, before));
}

function isChangedBy(action: ServiceAction, { state }: ContainerStatus): boolean {
  if (action === "restart") return true;
  if (action === "unpause") return state === "paused";
  const runs = !["created", "exited", "dead", "absent"].includes(state);
  return action === "start" ? !runs : runs && (action !== "pause" || state !== "paused");
}

function changesOf(
  before: readonly ObservedContainer[],
  after: readonly ObservedContainer[],
  services: readonly string[] | undefined,
): ServiceChange[] {
  const changes = before.map((container) => {
    const { id, name, service, replica } = container;
    const now = after.find((one) => one.id === id);
    return { id, name, service, replica, before: readContainerStatus(container), after: readContainerStatus(now) };
  });
  const isMeant = ({ service }: ServiceChange) => services === undefined || services.includes(service);
  const hasChanged = (change: ServiceChange) => change.before.state !== change.after.state;
  return changes
    .filter((change) => isMeant(change) || hasChanged(change))
    .toSorted((a, b) => a.service.localeCompare(b.service) || a.replica - b.replica);
}

/** By labels alone: no file is needed. */
export function actionCommand(
  compose: readonly string[],
  project: string,
  {
    action,
    services = [],
    stopTimeout,
    killSignal,
    noDeps,
  }: ServiceActionSettings & { readonly action: ServiceAction },
): string[] {
  const canWait = action === "stop" || action === "restart";
  return [
    ...composeCommand(compose, project),
    action,
    ...(canWait && stopTimeout !== undefined ? ["--timeout", String(stopTimeout)] : []),
    // In one word: one that begins with a dash is no option.
    ...(action === "kill" && killSignal !== undefined ? [`--signal=${killSignal}`] : []),
    ...(action === "restart" && noDeps === true ? ["--no-deps"] : []),
    ...["--", ...services],
  ];
}

function actionFailed({ parent, project }: StackLocation, action: string, reason: string, output = reason): OttoError {
  return new OttoError("COMPOSE_ACTION_FAILED", `docker compose ${action} of ${project} on ${parent.id}: ${reason}`, {
    hint: "See what is there with `otto docker ps --all`.",
    details: { host: parent.id, project, action, output },
  });
}
