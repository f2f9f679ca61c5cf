import { setTimeout as delay } from "node:timers/promises";
import { type DownOptions, withStackLock } from "@otto/compose";
import type { SwarmService } from "@otto/engine";
import { cleanText, isOttoError, OttoError, shareSignal, startRunningClock } from "@otto/errors";
import { type Machine, nameNode } from "./nodes/match-nodes.js";
import {
  type ObservedSwarm,
  observeSwarm,
  observeTasks,
  type SwarmLocation,
  serviceOf,
  stackFilter,
} from "./observed-swarm.js";
import { isChosen } from "./plan/plan-down.js";

export interface SwarmDownOptions extends Pick<DownOptions, "services" | "who" | "signal" | "onEvent" | "onPhase"> {
  /** Whether the stack's named volumes go, too, on each node that is a host of the lab. Default false. */
  readonly volumes?: boolean | undefined;
}

export interface SwarmDownOutcome {
  /** Whether anything of the stack was there. */
  readonly wasUp: boolean;
  /** What could not be seen to: tasks and volumes of nodes that do not answer, or are no host of the lab. One sentence each. */
  readonly left: readonly string[];
}

const lookMs = 200;
/** Tasks are killed after their `stop_grace_period`, by default 10 s. */
const longestMs = 120_000;
/** A node removes the container of a task that has ended within this. */
const longestCleaningMs = 30_000;

/**
 * Removes a stack's services, configs, secrets and networks, when nobody else works on it by this manager, and waits until they,
 * and the tasks on all nodes that answer, are gone.
 * @throws OttoError `SWARM_NOT_MANAGER`, `SWARM_DOWN_FAILED`, `COMPOSE_LOCK_UNAVAILABLE`
 */
export async function takeDownSwarm(location: SwarmLocation, options: SwarmDownOptions): Promise<SwarmDownOutcome> {
  return withStackLock(location, options, () => removeStack(location, options));
}

/** The same with the stack's lock. */
export async function removeStack(
  location: SwarmLocation,
  options: Omit<SwarmDownOptions, "who">,
): Promise<SwarmDownOutcome> {
  const { parent, project } = location;
  const { services, signal } = options;
  const { swarm } = parent.engine;
  const before = await observeSwarm(location, signal);
  options.onPhase?.({ type: "compose.phase", project, phase: "take down" });
  const going = before.services.filter(({ name }) => isChosen(project, name, { services }));
  const report = (state: "stopping" | "removed") => {
    for (const service of going)
      options.onEvent?.({ type: "compose.service", project, service: serviceOf(project, service), state });
  };
  report("stopping");
  for (const { id } of going) await swarm.removeService(id, signal);
  const ended = await waitUntilEnded(location, { before, services: new Set(going.map(({ id }) => id)), signal });
  const kept = await waitUntilRemoved(location, { before, going, signal });
  report("removed");
  const isWhole = services === undefined;
  if (isWhole) await removeRest(location, signal);
  const volumes = isWhole && options.volumes === true ? await removeVolumes(location, before, signal) : [];
  const { configs, secrets, networks } = before;
  return {
    wasUp: going.length + (isWhole ? configs.length + secrets.length + networks.length : 0) > 0,
    left: [...ended, ...kept, ...volumes],
  };
}

/** @returns what of the tasks nobody can tell, for their nodes do not answer the managers */
async function waitUntilEnded(
  location: SwarmLocation,
  {
    before,
    services,
    signal,
  }: {
    readonly before: ObservedSwarm;
    readonly services: ReadonlySet<string>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<string[]> {
  using clock = startRunningClock();
  for (;;) {
    const { tasks, nodes } = await observeTasks(location, before, signal);
    const own = tasks.filter(({ serviceId }) => services.has(serviceId));
    const nodeOf = (id: string | undefined) => nodes.find((node) => node.id === id);
    const waiting = own.filter(({ nodeId }) => nodeOf(nodeId)?.isReady !== false);
    if (waiting.length === 0) {
      const silent = new Set(own.map(({ nodeId }) => nodeOf(nodeId)).filter((node) => node !== undefined));
      return [...silent].map((node) => `tasks on ${nameNode(node)} go when that node answers again`);
    }
    if (clock.now() > longestMs) {
      const where = [...new Set(waiting.map(({ nodeId }) => nodeOf(nodeId)).filter((node) => node !== undefined))];
      throw downFailed(location, `${waiting.length} tasks on ${where.map(nameNode).join(", ")} do not end`);
    }
    await delay(lookMs, undefined, { signal });
  }
}

/** The swarm forgets a task a moment before its container is gone. @returns what is left on nodes that can be asked */
async function waitUntilRemoved(
  { project }: SwarmLocation,
  {
    before,
    going,
    signal,
  }: {
    readonly before: ObservedSwarm;
    readonly going: readonly SwarmService[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<string[]> {
  const used = new Set(before.tasks.map(({ nodeId }) => nodeId));
  const nodes = before.nodes.filter(({ id, isReady, machine }) => used.has(id) && isReady && machine !== undefined);
  const left = await Promise.all(
    nodes.map(async (node) => {
      const { engine } = (node.machine as Machine).open();
      const count = async () => {
        const found = await engine.listContainers({ all: true, labels: [stackFilter(project)] }, signal);
        return found.filter(({ Labels }) => going.some(({ id }) => Labels["com.docker.swarm.service.id"] === id))
          .length;
      };
      try {
        const isGone = await isWithinTime(async () => (await count()) === 0, signal);
        return isGone ? undefined : `containers on ${nameNode(node)} do not go`;
      } catch (error) {
        signal?.throwIfAborted();
        return `${nameNode(node)} cannot be asked whether its containers are gone: ${(error as Error).message}`;
      }
    }),
  );
  return left.filter((one) => one !== undefined);
}

/** Asks until something is so, for some time. */
async function isWithinTime(isSo: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  using clock = startRunningClock();
  while (!(await isSo())) {
    if (clock.now() > longestCleaningMs) return false;
    await delay(lookMs, undefined, { signal });
  }
  return true;
}

/** A network is in use for a moment after its last task. */
async function removeRest(location: SwarmLocation, given: AbortSignal | undefined): Promise<void> {
  const { swarm } = location.parent.engine;
  const label = stackFilter(location.project);
  const signal = shareSignal(given);
  using clock = startRunningClock();
  for (;;) {
    const [configs, secrets, networks] = await Promise.all([
      swarm.contents("config", label, signal),
      swarm.contents("secret", label, signal),
      swarm.networks(label, signal),
    ]);
    if (configs.length + secrets.length + networks.length === 0) return;
    const attempts = await Promise.allSettled([
      ...configs.map(({ id }) => swarm.removeContent("config", id, signal)),
      ...secrets.map(({ id }) => swarm.removeContent("secret", id, signal)),
      ...networks.map(({ id }) => swarm.removeNetwork(id, signal)),
    ]);
    const refused = attempts.find((attempt) => attempt.status === "rejected");
    if (refused !== undefined && !isOttoError(refused.reason, "ENGINE_REQUEST_FAILED")) throw refused.reason;
    if (clock.now() > longestMs) {
      const reason = refused === undefined ? "they are still there" : (refused.reason as Error).message;
      throw downFailed(location, `its networks, configs or secrets do not go: ${reason}`);
    }
    if (refused !== undefined) await delay(lookMs, undefined, { signal });
  }
}

/** @returns what is left */
async function removeVolumes(
  { project }: SwarmLocation,
  { nodes }: ObservedSwarm,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const left = await Promise.all(
    nodes.map(async (node) => {
      if (node.machine === undefined || !node.isReady) return `volumes on ${nameNode(node)} are left`;
      const parent = node.machine.open();
      const script = `volumes=$("$@" volume ls --quiet --filter "label=$stack") && { [ -z "$volumes" ] || "$@" volume rm $volumes; } 2>&1`;
      const argv = ["sh", "-c", `stack=$1; shift; ${script}`, "sh", stackFilter(project), ...parent.docker.command];
      const { exitCode, stdout } = await parent.exec(argv, { signal });
      return exitCode === 0
        ? undefined
        : `volumes on ${nameNode(node)} are left: ${cleanText(stdout.toString()).trim()}`;
    }),
  );
  return left.filter((one) => one !== undefined);
}

function downFailed({ parent, project }: SwarmLocation, reason: string): OttoError {
  return new OttoError("SWARM_DOWN_FAILED", `taking ${project} down on ${parent.id}: ${reason}`, {
    hint: "See what is left with `docker stack ps` there; run `otto docker down` again.",
    details: { host: parent.id, project },
  });
}
