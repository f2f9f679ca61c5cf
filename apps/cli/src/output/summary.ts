import type { ServicePort } from "@otto/docker";
import { nameParent, wayTo } from "../arguments/parent-name.js";
import type { Place } from "../arguments/place.js";
import type { Session } from "../session.js";
import { formatBytes } from "./byte-count.js";
import type { DockerProgress } from "./docker-progress.js";
import { formatDuration } from "./duration.js";

/** What a command has changed on one parent. */
export interface Summary {
  /** As `5 services up`. */
  readonly what: string;
  /** With the way to it. */
  readonly parent: string;
  readonly isChanged: boolean;
  readonly durationMs: number;
  readonly built: number;
  readonly cached: number;
  readonly pulled: number;
  readonly sentBytes: number;
  readonly urls: readonly string[];
}

/** More of them are counted. */
const shownUrls = 4;

/** As `5 services up on pepper (via gate) in 14.2 s · built 1, cached 2 · sent 191 B · http://10.0.0.7:8080`. */
export function formatSummary(summary: Summary): string {
  const { what, parent, isChanged, durationMs, sentBytes, urls } = summary;
  const images = (["built", "pulled", "cached"] as const).filter((kind) => summary[kind] > 0);
  const more = urls.length > shownUrls ? [`${urls.length - shownUrls} more ports`] : [];
  const parts = [
    isChanged ? `${what} on ${parent} in ${formatDuration(durationMs)}` : `${what} on ${parent}: nothing changed`,
    ...(isChanged ? [images.map((kind) => `${kind} ${summary[kind]}`).join(", ")] : []),
    ...(isChanged && sentBytes > 0 ? [`sent ${formatBytes(sentBytes)}`] : []),
    [...urls.slice(0, shownUrls), ...more].join(" "),
  ];
  return parts.filter((part) => part !== "").join(" · ");
}

/** As `1 service`, `3 images`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export interface SummaryOptions {
  /** As the command is called: `up`. */
  readonly command: string;
  /** As `5 services up`. */
  readonly what: string;
  readonly isChanged: boolean;
  /** Published by the parent. Default: none. */
  readonly ports?: readonly ServicePort[];
}

/** Prints what a command has changed on one parent, as its last line. */
export function showSummary(
  { reporter }: Session,
  { repo, lab, parent }: Pick<Place, "repo" | "lab" | "parent">,
  { board, elapsedMs }: Pick<DockerProgress, "board" | "elapsedMs">,
  { command, what, isChanged, ports = [] }: SummaryOptions,
): void {
  const host = lab.data.hosts.find(({ id }) => id === parent.id);
  const reached = ports.map((port) => reachPort(port, host ?? { isLocal: false, ip: "" }));
  const urls = [...new Set(reached.flatMap(({ url }) => url ?? []))];
  const { changed: _, ...totals } = board.totals;
  const durationMs = Math.round(elapsedMs);
  const text = formatSummary({ ...totals, what, parent: nameParent(lab, parent), isChanged, durationMs, urls });
  const place = { repo: repo.name, parent: parent.id, via: wayTo(lab, parent) };
  const record = { type: "summary", command, ...place, text, isChanged, durationMs, ...totals, urls };
  reporter.summary(text, record);
  for (const bound of new Set(reached.flatMap(({ loopback }) => loopback ?? []))) {
    const forward = `otto host ${parent.id} forward ${bound}`;
    reporter.notice("info", `port ${bound} is open on ${parent.id} alone; to reach it from here: ${forward}`);
  }
}

interface ParentAddress {
  readonly isLocal: boolean;
  readonly ip: string;
}

/** How this machine gets at a port: by a URL, or through the parent where it is bound to its loopback. */
export function reachPort(
  { hostIp, hostPort, port, protocol }: Omit<ServicePort, "service" | "replica">,
  { isLocal, ip }: ParentAddress,
): { readonly url?: string; readonly loopback?: number } {
  if (isLoopback(hostIp) && !isLocal) return protocol === "tcp" ? { loopback: hostPort } : {};
  const isAny = hostIp === "0.0.0.0" || hostIp === "::";
  const address = isAny || isLoopback(hostIp) ? (isLocal ? "localhost" : ip) : hostIp;
  if (address === "") return {};
  const authority = `${address.includes(":") ? `[${address}]` : address}:${hostPort}`;
  if (protocol !== "tcp") return { url: `${protocol}://${authority}` };
  if (otherPorts.has(port)) return { url: authority };
  return { url: `${port === 443 || port === 8443 ? "https" : "http"}://${authority}` };
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1" || address === "localhost";
}

/** Well-known ports on which nothing speaks HTTP. */
const otherPorts: ReadonlySet<number> = new Set([
  ...[21, 22, 23, 25, 53, 110, 143, 389, 465, 587, 636, 873, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432],
  ...[5433, 5671, 5672, 6379, 6380, 8883, 9042, 9092, 11211, 26257, 27017],
]);
