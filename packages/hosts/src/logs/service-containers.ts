import type { ContainerSummary, Engine } from "@otto/engine";

/** Whose logs are read. */
export interface LogSelection {
  /** The Compose project. */
  readonly project: string;
  /** Default: every service. */
  readonly services?: readonly string[] | undefined;
  /** Default: every replica. */
  readonly replica?: number | undefined;
}

/** A container of a service, running or not. */
export interface ServiceContainer {
  readonly id: string;
  readonly service: string;
  /** 1 for a service's first. */
  readonly replica: number;
}

/** The label that all containers of a project have. */
export function projectLabel(project: string): string {
  return `com.docker.compose.project=${project}`;
}

/** The selected containers, stopped ones too; the oldest first. */
export async function listServiceContainers(
  engine: Engine,
  selection: LogSelection,
  signal: AbortSignal,
): Promise<ServiceContainer[]> {
  const found = await engine.listContainers({ all: true, labels: [projectLabel(selection.project)] }, signal);
  return found
    .toSorted((a, b) => a.Created - b.Created)
    .map(toServiceContainer)
    .filter((container) => container !== undefined)
    .filter((container) => isSelected(container, selection));
}

function toServiceContainer({ Id, Labels }: ContainerSummary): ServiceContainer | undefined {
  const service = Labels["com.docker.compose.service"];
  if (service === undefined || Labels["com.docker.compose.oneoff"] === "True") return undefined;
  return { id: Id, service, replica: Number(Labels["com.docker.compose.container-number"] ?? 1) };
}

function isSelected({ service, replica }: ServiceContainer, selection: LogSelection): boolean {
  if (selection.replica !== undefined && selection.replica !== replica) return false;
  return selection.services === undefined || selection.services.includes(service);
}
