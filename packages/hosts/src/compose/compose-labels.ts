/** The label that all containers of a project have. */
export function projectLabel(project: string): string {
  return `com.docker.compose.project=${project}`;
}

/** What Compose's labels say of a container. */
export interface ServiceReplica {
  readonly service: string;
  /** 1 for a service's first container. */
  readonly replica: number;
}

type Labels = Readonly<Record<string, string | undefined>>;

/** @returns undefined for a container that no service has: of `docker compose run`, of a lifecycle hook, of no project */
export function readServiceReplica(labels: Labels): ServiceReplica | undefined {
  const service = labels["com.docker.compose.service"];
  const isOther = labels["com.docker.compose.oneoff"] === "True" || labels["com.docker.compose.hook"] !== undefined;
  if (service === undefined || isOther) return undefined;
  return { service, replica: Number(labels["com.docker.compose.container-number"] ?? 1) };
}
