import { type ContainerStatus, containerHostId, type PlacedStack, type UpEvent } from "@otto/compose";
import type { Lab } from "@otto/host-registry";
import type { ContainerHostOptions, DockerContainerHost, Parent } from "@otto/hosts";
import {
  createTaskHost,
  listTasks,
  nameNode,
  type ObservedSwarm,
  type PlacedTask,
  SwarmManagers,
  type SwarmStack,
} from "@otto/swarm";
import { swarmStackOf } from "./lab-machines.js";

/**
 * Makes the tasks of a stack known in `lab.hosts`.
 * @param stack on the manager that the settings name: hosts that are declared have its name
 * @param manager the one that was asked
 * @returns by service, the host of its first task
 */
export function registerTasks(
  lab: Lab,
  stack: SwarmStack,
  {
    observed,
    manager,
    onEvent,
  }: {
    readonly observed: ObservedSwarm;
    readonly manager: Parent;
    readonly onEvent: ((event: UpEvent) => void) | undefined;
  },
): Record<string, DockerContainerHost> {
  // A service may be called `constructor` or `__proto__`.
  const hosts = new Map<string, DockerContainerHost>();
  const managers = new SwarmManagers({ ...stack, parent: manager });
  managers.note(observed.nodes);
  for (const place of listTasks(stack.repo.name, stack.project, observed)) {
    const { service, replica, node } = place;
    if (node !== undefined && node.machine === undefined) {
      const message = `${service}${replica === 1 ? "" : `.${replica}`} runs on ${nameNode(node)}: it is out of reach`;
      onEvent?.({ type: "compose.warning", project: stack.project, message });
    }
    const host = lab.hosts.register(createTaskHost(stack, place, { managers, node }), statusOf(place));
    if (!hosts.has(service)) hosts.set(service, host);
  }
  return Object.fromEntries(hosts);
}

const ended: ReadonlySet<string> = new Set(["complete", "failed", "shutdown"]);

/** What a task is at, in the words for containers. */
export function statusOf({ task }: Pick<PlacedTask, "task">): ContainerStatus {
  const { state, exitCode } = task;
  if (state === "running") return { state };
  if (ended.has(state)) return exitCode === undefined ? { state: "exited" } : { state: "exited", exitCode };
  if (state === "starting") return { state };
  return { state: task.containerId === undefined ? "absent" : "created" };
}

/** Declares the hosts of services, each on the manager until it is known where its task is. */
export function declareTasks(
  lab: Lab,
  stack: PlacedStack,
  touch: (service: PlacedStack["files"]["services"][number], host: string) => ContainerHostOptions["bringUp"],
): void {
  const swarm = swarmStackOf(stack, lab);
  const managers = new SwarmManagers(swarm);
  for (const service of stack.files.services) {
    for (let replica = 1; replica <= service.replicas; replica += 1) {
      const place = { repo: stack.repo.name, service: service.name, replica };
      const bringUp = touch(service, containerHostId({ ...place, parent: stack.parent.id }));
      const host = createTaskHost(swarm, place, { managers, bringUp });
      lab.hosts.declare(host, { listed: service.enabled });
    }
  }
}
