import type { ContainerSummary, Engine } from "@otto/engine";
import { projectLabel, readServiceReplica, type ServiceReplica, type StackEngine } from "../compose/compose-labels.js";

/** Whose logs are read. */
export interface LogSelection {
  /** The Compose project. */
  readonly project: string;
  /** Default: every service. */
  readonly services?: readonly string[] | undefined;
  /** Default: every replica. */
  readonly replica?: number | undefined;
  /** What runs the project. Default: Compose. */
  readonly stackEngine?: StackEngine | undefined;
}

/** A container of a service, running or not. */
export interface ServiceContainer extends ServiceReplica {
  readonly id: string;
}

/** The selected containers, stopped ones too; the oldest first. */
export async function listServiceContainers(
  engine: Engine,
  selection: LogSelection,
  signal: AbortSignal,
): Promise<ServiceContainer[]> {
  const all = await listProjectContainers(engine, selection, signal);
  return all.filter((container) => isSelected(container, selection));
}

/** The same of all services. */
export async function listProjectContainers(
  engine: Engine,
  { project, stackEngine }: Pick<LogSelection, "project" | "stackEngine">,
  signal: AbortSignal,
): Promise<ServiceContainer[]> {
  const found = await engine.listContainers({ all: true, labels: [projectLabel(project, stackEngine)] }, signal);
  return found
    .toSorted((a, b) => a.Created - b.Created)
    .map(toServiceContainer)
    .filter((container) => container !== undefined);
}

function toServiceContainer({ Id, Labels }: ContainerSummary): ServiceContainer | undefined {
  const replica = readServiceReplica(Labels);
  return replica && { id: Id, ...replica };
}

export function isSelected({ service, replica }: ServiceContainer, selection: LogSelection): boolean {
  if (selection.replica !== undefined && selection.replica !== replica) return false;
  return selection.services === undefined || selection.services.includes(service);
}
