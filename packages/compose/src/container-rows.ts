import type { ContainerSummary } from "@otto/engine";
import type { Parent } from "@otto/hosts";

/** A container in the shape of `docker ps --format '{{json .}}'`. */
export interface ContainerRow {
  readonly ID: string;
  readonly Names: string;
  readonly Image: string;
  readonly Command: string;
  readonly CreatedAt: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: string;
  readonly Labels: string;
  readonly Networks: string;
  readonly Mounts: string;
}

/**
 * The containers of a parent in one call.
 * @param options.all stopped ones too; default false
 * @throws OttoError `ENGINE_UNREACHABLE`, and what connecting to the parent throws
 */
export async function composePs(
  parent: Parent,
  options: { all?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ContainerRow[]> {
  const containers = await parent.engine.listContainers({ all: options.all ?? false }, options.signal);
  return containers.map(toRow);
}

/** One container as a row; labels are passed on as they are, whichever version of compose set them. */
export function toRow(container: ContainerSummary): ContainerRow {
  return {
    ID: container.Id.slice(0, 12),
    Names: container.Names.map((name) => name.replace(/^\//, "")).join(","),
    Image: container.Image,
    Command: `"${container.Command}"`,
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    State: container.State,
    Status: container.Status,
    Ports: container.Ports.map(formatPort).join(", "),
    Labels: Object.entries(container.Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    Networks: Object.keys(container.NetworkSettings.Networks).join(","),
    Mounts: container.Mounts.map(({ Name, Source }) => Name ?? Source).join(","),
  };
}

function formatPort({ IP, PrivatePort, PublicPort, Type }: ContainerSummary["Ports"][number]): string {
  if (PublicPort === undefined) return `${PrivatePort}/${Type}`;
  return `${IP.includes(":") ? `[${IP}]` : IP}:${PublicPort}->${PrivatePort}/${Type}`;
}
