import type { SwarmContent, SwarmNetwork, SwarmService, SwarmTask } from "@otto/engine";
import { shareSignal } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { requireManager } from "./errors.js";
import { stackLabel } from "./model/content-names.js";
import { ownedLabel } from "./model/stack-file.js";
import { type Machine, type MatchedNode, matchNodes } from "./nodes/match-nodes.js";

/** A stack of a swarm, and the hosts that may be nodes. */
export interface SwarmLocation {
  /** A manager. */
  readonly parent: Parent;
  /** The stack's name: the Compose project's. */
  readonly project: string;
  readonly machines: readonly Machine[];
}

/** What a stack has in its swarm, at one moment. */
export interface ObservedSwarm {
  readonly clusterId: string;
  readonly nodes: readonly MatchedNode[];
  /** Those of the stack. */
  readonly services: readonly SwarmService[];
  readonly tasks: readonly SwarmTask[];
  readonly configs: readonly SwarmContent[];
  readonly secrets: readonly SwarmContent[];
  readonly networks: readonly SwarmNetwork[];
  /** Whether the last holder of a lease takes it down. */
  readonly isOwned: boolean;
}

/** The label of all that a stack has, as a filter. */
export function stackFilter(project: string): string {
  return `${stackLabel}=${project}`;
}

/** @throws OttoError `SWARM_NOT_MANAGER`, and what connecting throws */
export async function observeSwarm(
  { parent, project, machines }: SwarmLocation,
  given?: AbortSignal,
): Promise<ObservedSwarm> {
  const signal = shareSignal(given);
  const { swarm } = parent.engine;
  const label = stackFilter(project);
  const membership = await swarm.membership(signal);
  requireManager(parent, membership);
  const [nodes, services, tasks, configs, secrets, networks] = await Promise.all([
    swarm.nodes(signal),
    swarm.services(label, signal),
    swarm.tasks({ label }, signal),
    swarm.contents("config", label, signal),
    swarm.contents("secret", label, signal),
    swarm.networks(label, signal),
  ]);
  const machine = machineOf({ parent, machines });
  return {
    clusterId: membership.clusterId ?? "",
    nodes: matchNodes(nodes, machines, { nodeId: membership.nodeId, machine }),
    services,
    tasks,
    configs,
    secrets,
    networks,
    isOwned: services.some(({ labels }) => labels[ownedLabel] !== undefined),
  };
}

/** The machine that the manager itself is; it may be none of the lab. */
export function machineOf({ parent, machines }: Pick<SwarmLocation, "parent" | "machines">): Machine {
  return machines.find(({ id }) => id === parent.id) ?? { id: parent.id, address: "", open: () => parent };
}

/** Looks again at what changes while a stack is rolled out or removed; the rest stays as it was. */
export async function observeTasks(
  { parent, project }: SwarmLocation,
  before: ObservedSwarm,
  given?: AbortSignal,
): Promise<ObservedSwarm> {
  const signal = shareSignal(given);
  const { swarm } = parent.engine;
  const label = stackFilter(project);
  const [nodes, services, tasks] = await Promise.all([
    swarm.nodes(signal),
    swarm.services(label, signal),
    swarm.tasks({ label }, signal),
  ]);
  const machineOf = new Map(before.nodes.map(({ id, machine }) => [id, machine]));
  return { ...before, nodes: nodes.map((node) => ({ ...node, machine: machineOf.get(node.id) })), services, tasks };
}

/** What a service is called in the swarm. */
export function swarmName(project: string, service: string): string {
  return `${project}_${service}`;
}

/** The other way round. */
export function serviceOf(project: string, { name }: Pick<SwarmService, "name">): string {
  return name.startsWith(`${project}_`) ? name.slice(project.length + 1) : name;
}
