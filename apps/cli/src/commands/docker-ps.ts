import { composeStatus, type ServiceStatus, type StackContainer, type StackStatus } from "@otto/docker";
import type { PlaceOptions } from "../arguments/option.js";
import type { Outcome } from "../outcome.js";
import { formatDashboard } from "../output/dashboard.js";
import { createNoticeListener } from "../output/docker-event.js";
import type { JsonRecord } from "../output/reporter.js";
import { columnsOf } from "../output/table.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";
import { hasStack } from "../stack-choice.js";

export interface DockerPsFlags extends PlaceOptions {
  readonly services: readonly string[];
  readonly all?: boolean;
  /** Ids alone. */
  readonly quiet?: boolean;
  /** Names of services alone. */
  readonly names?: boolean;
  readonly format?: string;
  readonly status?: readonly string[];
  readonly allStacks?: boolean;
}

/** `otto docker ps`: the dashboard of the stacks; where no repository has one the containers of every parent. */
export async function dockerPs(session: Session, flags: DockerPsFlags): Promise<Outcome> {
  const lab = await session.lab();
  const { on, all } = flags;
  if (flags.allStacks === true || (!lab.repos.some(hasStack) && !isFiltered(flags))) {
    const { showAllStacks } = await import("./all-stacks.js");
    return showAllStacks(session, { ...(on !== undefined && { on }), ...(all !== undefined && { all }) });
  }
  const places = await findServicePlaces(session, flags);
  return eachOf(session, places, (place, own) => showStack(own, place, flags), { mayPass: true });
}

function isFiltered({ services, quiet, names, format, status }: DockerPsFlags): boolean {
  return services.length > 0 || [quiet, names, format, status].some((flag) => flag !== undefined);
}

async function showStack(session: Session, place: ServicePlace, flags: DockerPsFlags): Promise<boolean> {
  const { repo, lab, services, on } = place;
  const onEvent = createNoticeListener(session.reporter);
  const stack = await composeStatus(repo, lab, { on, services, signal: session.signal, onEvent });
  const shown = { ...stack, services: stack.services.filter((row) => isWanted(row, flags)) };
  if (session.options.json) for (const row of shown.services) session.reporter.item("", toRecord(row, stack));
  else for (const line of linesOf(session, shown, flags)) session.reporter.heading(line);
  return true;
}

/** As compose: a list for programs has those that run alone, unless others are asked for. */
function isWanted(row: ServiceStatus, { all, quiet, names, format, status }: DockerPsFlags): boolean {
  if (status !== undefined) return status.some((word) => word === row.state || word === row.container?.row.State);
  if (all === true) return true;
  const isList = quiet === true || names === true || format === "json";
  return isList ? ["running", "paused", "restarting"].includes(row.container?.row.State ?? "") : isOfStack(row);
}

/** Not a one-off container, nor a service of a profile that is not active and has no container. */
function isOfStack({ host, enabled, container }: ServiceStatus): boolean {
  return host !== undefined && (enabled || container !== undefined);
}

function linesOf({ invocation }: Session, stack: StackStatus, flags: DockerPsFlags): readonly string[] {
  const containers = stack.services.flatMap(({ container }) => container ?? []);
  if (flags.quiet === true) return containers.toSorted(compareNames).map(({ id }) => id);
  const rows = stack.services.filter(({ container }) => container !== undefined);
  if (flags.names === true) return [...new Set(rows.map(({ service }) => service))].toSorted();
  if (flags.format === "json") return rows.map((row) => JSON.stringify(toComposeRow(row, stack)));
  const title = `${stack.repo} on ${stack.parent}`;
  return [title, ...formatDashboard(stack, new Date(), columnsOf(invocation.stdout))];
}

function compareNames(a: StackContainer, b: StackContainer): number {
  return a.row.Names < b.row.Names ? -1 : 1;
}

/** The fields of `docker compose ps --format json` that an engine's list has. */
function toComposeRow({ service, container, state, exitCode = 0 }: ServiceStatus, { project }: StackStatus) {
  const { row, publishers } = container as StackContainer;
  return {
    ...row,
    Name: row.Names,
    Project: project,
    Service: service,
    Health: ["starting", "healthy", "unhealthy"].includes(state) ? state : "",
    ExitCode: exitCode,
    Publishers: publishers.map(({ address: URL, target: TargetPort, published = 0, protocol: Protocol }) => {
      return { URL, TargetPort, PublishedPort: published, Protocol };
    }),
  };
}

function toRecord({ container, ...row }: ServiceStatus, { repo, project, owner }: StackStatus): JsonRecord {
  const found = container && {
    container: container.id,
    name: container.row.Names,
    image: container.row.Image,
    created: container.created.toISOString(),
    ports: container.publishers,
  };
  return { type: "service", repo, project, owner, ...row, ...found };
}
