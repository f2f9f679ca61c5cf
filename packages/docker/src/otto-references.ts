/** What a value of `[docker.composes.environment]` refers to: `role.db.addr` of `${otto:role.db.addr}`. */
export type OttoReference =
  | { readonly kind: "parent" }
  | { readonly kind: "role" | "host"; readonly name: string }
  | { readonly kind: "service"; readonly name: string }
  | { readonly kind: "port"; readonly name: string; readonly port: number; readonly protocol: string };

/** A reference as it is written; `reference` is undefined for one that has no known form. */
export interface WrittenReference {
  readonly text: string;
  readonly reference: OttoReference | undefined;
}

export type ValueSegment = string | WrittenReference;

/** The forms that references have, for errors. */
export const referenceForms = [
  "${otto:parent.addr}",
  "${otto:role.ROLE.addr}",
  "${otto:host.HOST.addr}",
  "${otto:service.SERVICE.addr}",
  "${otto:service.SERVICE.port.PORT}",
] as const;

/** Splits a value at its references. `$${otto:…}` is the text `${otto:…}`; whatever else has a `$` is text, too. Pure. */
export function parseReferences(value: string): readonly ValueSegment[] {
  const segments: ValueSegment[] = [];
  let end = 0;
  for (const match of value.matchAll(/(\$?)\$\{otto:([^}]*)(\}?)/g)) {
    const [text, dollar, words = "", close] = match;
    segments.push(value.slice(end, match.index));
    if (dollar === "$") segments.push(text.slice(1));
    else segments.push({ text, reference: close === "" ? undefined : parseWords(words) });
    end = match.index + text.length;
  }
  return [...segments, value.slice(end)].filter((segment) => segment !== "");
}

function parseWords(words: string): OttoReference | undefined {
  if (words === "parent.addr") return { kind: "parent" };
  const [, kind, name = ""] = /^(role|host|service)\.(.+)\.addr$/.exec(words) ?? [];
  if (kind !== undefined) return { kind: kind as "role" | "host", name };
  const [, service, port, protocol = "tcp"] = /^service\.(.+)\.port\.(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(words) ?? [];
  return service === undefined ? undefined : { kind: "port", name: service, port: Number(port), protocol };
}

/** A port that a compose file publishes. */
export interface DeclaredPort {
  readonly target: number;
  readonly protocol: string;
  /** Undefined: the engine chooses it. */
  readonly published: number | undefined;
  /** Undefined: all addresses of the parent. */
  readonly hostIp: string | undefined;
}

/**
 * Reads what `ComposeTopology` has of a port, as `127.0.0.1:8080->80/tcp`, also of a range. Pure.
 * @returns undefined where the port is not in it, or not published
 */
export function findPublished(text: string, wanted: { readonly port: number; readonly protocol: string }) {
  const [, from = "", targets = "", protocol = "tcp"] = /^(?:(.*)->)?([\d-]+)\/(\w+)$/.exec(text) ?? [];
  const target = parseRange(targets);
  if (target === undefined || protocol !== wanted.protocol) return undefined;
  if (wanted.port < target.first || wanted.port > target.last) return undefined;
  const at = from.lastIndexOf(":");
  const published = parseRange(from.slice(at + 1));
  // Of a longer range than that of the container the engine takes any.
  const isFixed = published !== undefined && published.last - published.first === target.last - target.first;
  const declared: DeclaredPort = {
    target: wanted.port,
    protocol,
    published: isFixed && published.first > 0 ? published.first + wanted.port - target.first : undefined,
    hostIp: at === -1 ? undefined : from.slice(0, at),
  };
  return declared;
}

function parseRange(text: string): { readonly first: number; readonly last: number } | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return first === undefined ? undefined : { first: Number(first), last: Number(last) };
}
