import { containerHostId } from "@otto/compose";
import type { Lab, RepoPart } from "@otto/host-registry";
import { projectLabel } from "@otto/hosts";
import {
  listTasks,
  type MatchedNode,
  observeSwarm,
  type PlacedTask,
  type ReachOptions,
  reachManager,
} from "@otto/swarm";
import { type ListedContainer, type ServiceStatus, toStackContainer } from "../service-status.js";
import type { PlacementOptions } from "../stack-placement.js";
import { swarmLocationOf } from "./lab-machines.js";
import { statusOf } from "./swarm-hosts.js";

/** The tasks of a part's stack: each on its node, with its container where that node answers. */
export async function readSwarmStatus(
  part: RepoPart,
  lab: Lab,
  { signal, onEvent, ...options }: PlacementOptions & ReachOptions,
): Promise<Omit<ServiceStatus, "enabled">[]> {
  const location = await reachManager(swarmLocationOf(part, lab, options), { signal, onEvent });
  const observed = await observeSwarm(location, signal);
  const tasks = listTasks(part.repo.name, location.project, observed);
  const containers = await listContainers(tasks, location.project, signal);
  return tasks.map((placed): Omit<ServiceStatus, "enabled"> => {
    const { service, replica, node, task } = placed;
    const parent = node?.machine?.id ?? part.parent.id;
    const summary = containers.get(task.id);
    return {
      parent,
      host: containerHostId({ ...placed, parent }),
      service,
      replica,
      ...statusOf(placed),
      container: summary && toStackContainer(summary),
    };
  });
}

/** By the task's id. What a node does not tell, the managers know at least as a task. */
async function listContainers(
  tasks: readonly PlacedTask[],
  project: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ListedContainer>> {
  const nodes = new Map(tasks.flatMap(({ node }) => (node === undefined ? [] : [[node.id, node] as const])));
  const listed = await Promise.all([...nodes.values()].map((node) => listOn(node, project, signal)));
  return new Map(listed.flat().map((summary) => [summary.Labels["com.docker.swarm.task.id"] ?? "", summary]));
}

async function listOn(node: MatchedNode, project: string, signal: AbortSignal | undefined): Promise<ListedContainer[]> {
  if (node.machine === undefined || !node.isReady) return [];
  try {
    const { engine } = node.machine.open();
    return await engine.listContainers({ all: true, labels: [projectLabel(project, "swarm")] }, signal);
  } catch {
    signal?.throwIfAborted();
    return [];
  }
}
