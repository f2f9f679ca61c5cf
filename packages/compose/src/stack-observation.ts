import type { ContainerSummary } from "@otto/engine";
import type { Parent } from "@otto/hosts";

/** A container of a Compose project, as far as decisions need it. */
export interface ObservedContainer {
  readonly id: string;
  readonly service: string;
  /** 1 for a service's first container. */
  readonly replica: number;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead`, … */
  readonly state: string;
  /** The image's id, `sha256:…`. */
  readonly imageId: string;
}

/** All containers of a project, stopped ones too; those of `docker compose run` are left out. */
export async function observeStack(
  parent: Parent,
  project: string,
  signal?: AbortSignal,
): Promise<ObservedContainer[]> {
  const containers = await parent.engine.listContainers(
    { all: true, labels: [`com.docker.compose.project=${project}`] },
    signal,
  );
  return containers.filter(({ Labels }) => Labels["com.docker.compose.oneoff"] !== "True").map(toObserved);
}

function toObserved(container: ContainerSummary): ObservedContainer {
  return {
    id: container.Id,
    service: container.Labels["com.docker.compose.service"] ?? "",
    replica: Number(container.Labels["com.docker.compose.container-number"] ?? 1),
    state: container.State,
    imageId: container.ImageID,
  };
}
