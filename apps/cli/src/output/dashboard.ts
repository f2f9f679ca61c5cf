import { formatContainerStatus, type PublishedPort, type ServiceStatus, type StackStatus } from "@otto/docker";
import { formatTable } from "./table.js";

type Cell = (row: ServiceStatus, stack: StackStatus, now: Date) => string;

const columns = {
  ID: ({ host, container }) => host ?? container?.row.Names ?? "",
  SERVICE: (row) => shortName(row),
  STATE: (row) => formatContainerStatus(row),
  PORTS: ({ container }) => formatPublishers(container?.publishers ?? []),
  AGE: ({ container }, _, now) => (container ? formatAge(now.getTime() - container.created.getTime()) : ""),
  IMAGE: ({ container }) => container?.row.Image ?? "",
  OWNER: (_, { owner }) => owner,
} as const satisfies Readonly<Record<string, Cell>>;

type Title = keyof typeof columns;

/** Without its end, a list of ports still says something from here on. */
const leastPorts = 8;

/** From the widest; the first that fits is taken. The id is what tells rows apart: it is never cut. */
const layouts: readonly (readonly Title[])[] = [
  ["ID", "STATE", "PORTS", "AGE", "IMAGE", "OWNER"],
  ["SERVICE", "STATE", "PORTS", "AGE", "IMAGE", "OWNER"],
  ["SERVICE", "STATE", "PORTS", "AGE", "IMAGE"],
  ["SERVICE", "STATE", "PORTS", "AGE"],
  ["SERVICE", "STATE", "PORTS"],
  ["SERVICE", "STATE"],
];

/**
 * A stack's containers as lines that fit a terminal: titles, then one line a row.
 * @param width columns of the terminal; undefined: as many as it takes
 */
export function formatDashboard(stack: StackStatus, now: Date, width = Number.POSITIVE_INFINITY): string[] {
  const tables = layouts.map((titles) => cellsOf(stack, titles, now));
  const [withPorts, shortest] = [tables.at(-2) ?? [], tables.at(-1) ?? []];
  const isCut = widthOf(formatTable(shortest)) + leastPorts + 2 <= width;
  const fitting = tables.slice(0, -1).find((cells) => widthOf(formatTable(cells)) <= width);
  return formatTable(fitting ?? (isCut ? withPorts : shortest), width);
}

function cellsOf(stack: StackStatus, titles: readonly Title[], now: Date): (readonly string[])[] {
  const rows = stack.services.map((row) => titles.map((title) => columns[title](row, stack, now)));
  return [titles, ...rows];
}

function widthOf(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => line.length));
}

function shortName({ host, service, replica, container }: ServiceStatus): string {
  if (host === undefined) return container?.row.Names ?? service;
  return replica === 1 ? service : `${service}.${replica}`;
}

/** `8080->80/tcp`; the address is left out for all interfaces, which an engine lists once for IPv4 and once for IPv6. */
export function formatPublishers(publishers: readonly PublishedPort[]): string {
  const texts = publishers.map(({ address, published, target, protocol }) => {
    const isAny = address === "" || address === "0.0.0.0" || address === "::";
    const at = isAny ? "" : `${address.includes(":") ? `[${address}]` : address}:`;
    return `${published === undefined ? "" : `${at}${published}->`}${target}/${protocol}`;
  });
  return [...new Set(texts)].join(", ");
}

/** A span in its largest unit: `42s`, `3m`, `5h`, `12d`. */
export function formatAge(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
