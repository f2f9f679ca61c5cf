import type Docker from "dockerode";
import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import { asking, hasStatus } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";

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
  docker: Docker,
  filter: ContainerFilter,
  request: EngineRequest,
): Promise<ContainerSummary[]> {
  const filters = filter.labels === undefined ? {} : { filters: { label: [...filter.labels] } };
  return asking(request, "listing containers", () =>
    docker.listContainers({ all: filter.all ?? false, ...filters, ...request.abort }),
  );
}

/** @returns undefined when there is no such container. */
export async function inspectContainer(
  docker: Docker,
  id: string,
  request: EngineRequest,
): Promise<ContainerDetails | undefined> {
  return asking(request, `inspecting the container ${id}`, async () => {
    try {
      return await docker.getContainer(id).inspect({ ...request.abort });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  });
}

/** Whether a file, directory or link is at `path` in the container. */
export async function hasPath(
  docker: Docker,
  target: { container: string; path: string },
  request: EngineRequest,
): Promise<boolean> {
  return asking(request, `looking for ${target.path} in ${target.container}`, async () => {
    try {
      await docker.getContainer(target.container).infoArchive({ path: target.path, ...request.abort });
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return false;
      throw error;
    }
  });
}
