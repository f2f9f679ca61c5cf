import { containerHostId } from "@otto/compose";
import type { SwarmService, SwarmTask } from "@otto/engine";
import { OttoError, shareSignal } from "@otto/errors";
import { type ContainerHostOptions, type ContainerLocation, DockerContainerHost, type Parent } from "@otto/hosts";
import { newest } from "./converge/judge-service.js";
import { findStandIn, isSilence } from "./nodes/find-manager.js";
import { type Machine, type MatchedNode, matchNodes, nameNode } from "./nodes/match-nodes.js";
import { machineOf, type ObservedSwarm, type SwarmLocation, serviceOf, swarmName } from "./observed-swarm.js";

/** One task's place in a stack: a slot of a service, or a node for a service with a task for each. */
export interface TaskPlace {
  readonly repo: string;
  readonly service: string;
  /** 1 for the first, and for each of a service with a task for each node. */
  readonly replica: number;
  /** The node, for a service with a task for each. */
  readonly nodeId?: string | undefined;
}

/** A place, and the task that is there, or was last. */
export interface PlacedTask extends TaskPlace {
  readonly task: SwarmTask;
  /** Undefined: the task is on no node yet. */
  readonly node: MatchedNode | undefined;
}

/** The tasks of a stack, one for each slot or node: that which runs, else the last one. Sorted by service and replica. */
export function listTasks(repo: string, project: string, { services, tasks, nodes }: ObservedSwarm): PlacedTask[] {
  const placed = services.flatMap((service) => {
    const own = tasks.filter(({ serviceId }) => serviceId === service.id);
    const keys = new Set(own.filter((task) => isListed(task, service)).map(({ slot, nodeId }) => `${slot ?? nodeId}`));
    return [...keys].flatMap((key) => {
      const task = choose(own.filter(({ slot, nodeId }) => `${slot ?? nodeId}` === key));
      if (task === undefined) return [];
      const node = nodes.find(({ id }) => id === task.nodeId);
      const nodeId = task.slot === undefined ? task.nodeId : undefined;
      return [{ repo, service: serviceOf(project, service), replica: task.slot ?? 1, nodeId, task, node }];
    });
  });
  return placed.sort((a, b) => (a.service < b.service ? -1 : Number(a.service > b.service)) || a.replica - b.replica);
}

/** Slots beyond the number of replicas, and nodes that no longer have a task, are of the past. */
function isListed({ slot, desiredState }: SwarmTask, { mode }: SwarmService): boolean {
  if (mode.kind === "replicated") return slot !== undefined && slot <= mode.replicas;
  if (mode.kind === "global") return desiredState === "running" || desiredState === "ready";
  return true;
}

function choose(tasks: readonly SwarmTask[]): SwarmTask | undefined {
  return newest(tasks.filter(({ desiredState }) => desiredState === "running")) ?? newest(tasks);
}

/** The managers of a swarm that are hosts of the lab: the next is asked where one does not answer. */
export class SwarmManagers {
  readonly machines: readonly Machine[];
  readonly #location: SwarmLocation;
  #managers: readonly Parent[];
  #areKnown = false;

  constructor(location: SwarmLocation) {
    this.machines = location.machines;
    this.#location = location;
    this.#managers = [location.parent];
  }

  /** Notes which hosts manage the swarm. */
  note(nodes: readonly MatchedNode[]): void {
    const open = nodes.flatMap(({ isManager, machine }) => (isManager && machine ? [machine.open()] : []));
    this.#managers = [...new Set([...this.#managers, ...open])];
    this.#areKnown = true;
  }

  /** @returns the tasks of a service, and the swarm's nodes */
  async observe(service: string, given: AbortSignal | undefined) {
    const signal = shareSignal(given);
    const { project } = this.#location;
    return this.#ask(given, async (parent) => {
      const { swarm } = parent.engine;
      const [{ nodeId }, nodes, tasks] = await Promise.all([
        swarm.membership(signal),
        swarm.nodes(signal),
        swarm.tasks({ service: swarmName(project, service) }, signal),
      ]);
      const { machines } = this;
      const matched = matchNodes(nodes, machines, { nodeId, machine: machineOf({ parent, machines }) });
      this.note(matched);
      return { nodes: matched, tasks };
    });
  }

  async #ask<T>(signal: AbortSignal | undefined, question: (parent: Parent) => Promise<T>): Promise<T> {
    const silences: OttoError[] = [];
    for (const parent of this.#managers) {
      try {
        const answer = await question(parent);
        this.#askFirst(parent);
        return answer;
      } catch (error) {
        if (!isSilence(error)) throw error;
        silences.push(error);
      }
    }
    // There is at least one.
    const [first] = silences as [OttoError];
    if (this.#areKnown) throw first;
    const standIn = await findStandIn(this.#location, first, { signal });
    this.#askFirst(standIn);
    return question(standIn);
  }

  /** From the next time on. */
  #askFirst(parent: Parent): void {
    this.#managers = [parent, ...this.#managers.filter((other) => other !== parent)];
  }
}

/**
 * The host that a task's container is, or will be. It goes with its place: when the swarm puts another task there, on whatever
 * node, the same object finds that.
 * @param location of the stack; its parent names the host as long as its task is nowhere
 * @param node the task's, as far as it is known
 */
export function createTaskHost(
  location: SwarmLocation,
  place: TaskPlace,
  {
    managers,
    node,
    bringUp,
  }: {
    readonly managers: SwarmManagers;
    readonly node?: MatchedNode | undefined;
  } & Pick<ContainerHostOptions, "bringUp">,
): DockerContainerHost {
  const { parent, project } = location;
  const { service, replica, nodeId } = place;
  const key = containerHostId({ ...place, parent: parent.id });
  return new DockerContainerHost({
    id: containerHostId({ ...place, parent: node?.machine?.id ?? parent.id }),
    key: nodeId === undefined ? key : `${key}@${nodeId}`,
    service,
    project,
    replica,
    engine: parent.engine,
    parent,
    locate: (signal) => locate(managers, place, signal),
    bringUp,
  });
}

async function locate(
  managers: SwarmManagers,
  place: TaskPlace,
  signal: AbortSignal | undefined,
): Promise<ContainerLocation | undefined> {
  const { service, replica, nodeId } = place;
  const { tasks, nodes } = await managers.observe(service, signal);
  const own = tasks.filter((task) => {
    if (task.nodeId === undefined) return false;
    return nodeId === undefined
      ? task.slot === replica || (task.slot === undefined && replica === 1)
      : task.nodeId === nodeId;
  });
  const task = choose(own);
  const node = nodes.find(({ id }) => id === task?.nodeId);
  if (task === undefined || node === undefined) return undefined;
  const { machine } = node;
  if (machine === undefined) throw outOfReach(place, node);
  const labels = [`com.docker.swarm.task.id=${task.id}`];
  return { id: containerHostId({ ...place, parent: machine.id }), parent: machine.open(), labels };
}

function outOfReach({ service }: TaskPlace, node: MatchedNode): OttoError {
  return new OttoError("SWARM_NODE_UNKNOWN", `the service ${service} runs on ${nameNode(node)}: it is out of reach`, {
    hint: `Add that host to the lab; if it is there, say so on a manager: \`docker node update --label-add otto.host=HOST ${node.id}\`.`,
    details: { service, node: node.id },
  });
}
