import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import { loadDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine, hasStatus } from "../connection/engine-error.js";

export interface ContainerFilter {
  /** Stopped ones too. Default false. */
  readonly all?: boolean | undefined;
  /** `key` or `key=value`; all must match. */
  readonly labels?: readonly string[] | undefined;
}

/** A container as `GET /containers/json` lists it. */
export type ContainerSummary = ContainerInfo;

/** A container as `GET /containers/{id}/json` describes it. */
export type ContainerDetails = ContainerInspectInfo;

export async function listContainers(
  client: EngineClient,
  filter: ContainerFilter,
  signal: AbortSignal | undefined,
): Promise<ContainerSummary[]> {
  const filters = filter.labels && { label: filter.labels };
  const query = { all: filter.all ?? false, filters };
  return callEngine(client, { doing: "listing containers", signal }, () =>
    client.request({ method: "GET", path: "/containers/json", query }, signal),
  );
}

/** @returns undefined when there is no such container. */
export async function inspectContainer(
  client: EngineClient,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ContainerDetails | undefined> {
  return callEngine(client, { doing: `inspecting the container ${id}`, signal }, async () => {
    try {
      return await (await loadDockerClient(client, signal)).getContainer(id).inspect();
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}

/** What messages call a container. */
export function describeContainer(target: { readonly container: string; readonly containerName?: string | undefined }) {
  const { container, containerName } = target;
  return containerName ?? (/^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container);
}
