import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import { createDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { asking, hasStatus } from "../connection/engine-error.js";
import { askEngine } from "../connection/engine-message.js";
import type { EngineRequest } from "../connection/engine-request.js";

export interface ContainerFilter {
  /** Stopped ones too. Default false. */
  readonly all?: boolean;
  /** `key` or `key=value`; all must match. */
  readonly labels?: readonly string[];
}

/** A container as `GET /containers/json` lists it. */
export type ContainerSummary = ContainerInfo;

/** A container as `GET /containers/{id}/json` describes it. */
export type ContainerDetails = ContainerInspectInfo;

export async function listContainers(
  client: EngineClient,
  filter: ContainerFilter,
  request: EngineRequest,
): Promise<ContainerSummary[]> {
  const filters = filter.labels && { label: filter.labels };
  const query = { all: filter.all ?? false, filters };
  return asking(request, "listing containers", () =>
    askEngine(client, { method: "GET", path: "/containers/json", query }, request),
  );
}

/** @returns undefined when there is no such container. */
export async function inspectContainer(
  client: EngineClient,
  id: string,
  request: EngineRequest,
): Promise<ContainerDetails | undefined> {
  return asking(request, `inspecting the container ${id}`, async () => {
    try {
      return await createDockerClient(client, request).getContainer(id).inspect();
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}
