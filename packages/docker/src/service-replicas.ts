import { isOttoError } from "@otto/errors";
import { type Parent, readServiceReplica, type ServiceReplica } from "@otto/hosts";

/** Whether a stack's own files are why it cannot be read. What runs is there all the same. */
export function isUnreadableStack(error: unknown): boolean {
  return fileFaults.some((code) => isOttoError(error, code));
}

const fileFaults = [
  "COMPOSE_ENVIRONMENT_CONFLICT",
  "COMPOSE_FILE_INVALID",
  "COMPOSE_FILE_MISSING",
  "COMPOSE_PATH_OUTSIDE_REPO",
  "COMPOSE_PATH_UNREADABLE",
  "COMPOSE_PATH_UNSUPPORTED",
  "COMPOSE_REFERENCE_AMBIGUOUS",
  "COMPOSE_REFERENCE_UNKNOWN",
  "COMPOSE_SERVICE_UNKNOWN",
  "COMPOSE_VARIABLE_UNSET",
] as const;

/** The replicas that a project's containers have, running or not, by their labels. @param member those of one repo alone */
export async function listServiceReplicas(
  { engine }: Parent,
  project: string,
  member?: string,
): Promise<ServiceReplica[]> {
  const labels = [`com.docker.compose.project=${project}`, ...(member === undefined ? [] : [`otto.repo=${member}`])];
  const containers = await engine.listContainers({ labels, all: true });
  return containers.flatMap((container) => readServiceReplica(container.Labels) ?? []);
}
