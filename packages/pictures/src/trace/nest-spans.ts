import type { Span } from "./trace.js";

/**
 * Puts what happened during a phase below it: round trips and services below the shortest span of the same command that holds
 * them. Everything ends up within its parent: clocks of two machines are never quite equal.
 */
export function nestSpans(root: Span, spans: readonly Span[]): Span[] {
  const hosts = spans.filter(({ kind, parentId }) => parentId === root.id && (kind === "compose" || kind === "build"));
  const byId = new Map([root, ...spans].map((span) => [span.id, span]));
  const placed = new Map<string, Span>([[root.id, root]]);
  const place = (span: Span): Span => {
    const known = placed.get(span.id);
    if (known !== undefined) return known;
    const given = span.parentId === undefined ? undefined : byId.get(span.parentId);
    const parent = given === undefined || given === root ? (hostOf(span, hosts) ?? root) : given;
    // Before its parent: what is a part of itself would have no end.
    placed.set(span.id, { ...span, parentId: root.id });
    const { id, startMs, endMs } = place(parent);
    const clamp = (ms: number) => Math.min(Math.max(ms, startMs), endMs);
    const within = { ...span, parentId: id, startMs: clamp(span.startMs), endMs: clamp(span.endMs) };
    placed.set(span.id, within);
    return within;
  };
  return spans.map(place).sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
}

function hostOf(span: Span, hosts: readonly Span[]): Span | undefined {
  if (hosts.includes(span)) return undefined;
  const holding = hosts.filter((host) => host.startMs <= span.startMs && span.endMs <= host.endMs);
  return holding.sort((a, b) => a.endMs - a.startMs - (b.endMs - b.startMs))[0];
}
