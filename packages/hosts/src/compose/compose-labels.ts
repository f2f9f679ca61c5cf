/** What runs a stack, and labels its containers. */
export type StackEngine = "compose" | "swarm";

/** The label that all containers of a project have, as `key=value`. */
export function projectLabel(project: string, stackEngine: StackEngine = "compose"): string {
  return `${stackEngine === "swarm" ? swarmProject : "com.docker.compose.project"}=${project}`;
}

const swarmProject = "com.docker.stack.namespace";

/** What the labels say of a container that Compose or a swarm made. */
export interface ServiceReplica {
  readonly service: string;
  /** 1 for a service's first container. */
  readonly replica: number;
}

type Labels = Readonly<Record<string, string | undefined>>;

/** @returns undefined for a container that no service has: of `docker compose run`, of a lifecycle hook, of no project */
export function readServiceReplica(labels: Labels): ServiceReplica | undefined {
  return labels[swarmProject] === undefined ? readComposeReplica(labels) : readSwarmReplica(labels);
}

/** A service of a stack is called `<project>_<service>`, a task `<service's name>.<slot>.<id>`, or `….<node's id>.<id>`. */
function readSwarmReplica(labels: Labels): ServiceReplica | undefined {
  const prefix = `${labels[swarmProject]}_`;
  const name = labels["com.docker.swarm.service.name"];
  if (name?.startsWith(prefix) !== true) return undefined;
  const slot = /^(\d+)\.[^.]*$/.exec(labels["com.docker.swarm.task.name"]?.slice(name.length + 1) ?? "");
  return { service: name.slice(prefix.length), replica: slot === null ? 1 : Number(slot[1]) };
}

function readComposeReplica(labels: Labels): ServiceReplica | undefined {
  const service = labels["com.docker.compose.service"];
  const isOther = labels["com.docker.compose.oneoff"] === "True" || labels["com.docker.compose.hook"] !== undefined;
  if (service === undefined || isOther) return undefined;
  return { service, replica: Number(labels["com.docker.compose.container-number"] ?? 1) };
}
