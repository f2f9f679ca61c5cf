import type { Span, SpanKind } from "./trace.js";

/** By the kind of a span without a parent: the kinds that may become its parent; others overlap it by chance. */
const holders: Readonly<Partial<Record<SpanKind, readonly SpanKind[]>>> = {
  // Connecting is waited for, and goes by way of another connection.
  ssh: ["compose", "build", "wait", "ssh"],
  wait: ["compose", "build", "ssh"],
};
const usualHolders: readonly SpanKind[] = ["compose", "build"];

/** A file may claim any. */
const deepest = 200;

/**
 * Puts what happened during a phase below it: round trips and services below the shortest span that holds them. Everything
 * ends up within its parent: clocks of two machines are never quite equal.
 */
export function nestSpans(root: Span, spans: readonly Span[]): Span[] {
  const loose = spans.filter(({ parentId }) => parentId === root.id);
  return placeSpans(
    root,
    spans.map((span) => {
      const holder = span.parentId === root.id ? findHolder(span, loose) : undefined;
      return holder === undefined ? span : { ...span, parentId: holder.id };
    }),
  );
}

/** Puts each span within its parent, those without one within the root, in order of time. */
export function placeSpans(root: Span, spans: readonly Span[]): Span[] {
  const byId = new Map([root, ...spans].map((span) => [span.id, span]));
  const placed = new Map<string, Span>([[root.id, root]]);
  const underWay = new Set<string>();
  const place = (span: Span, depth: number): Span => {
    const known = placed.get(span.id);
    if (known !== undefined) return known;
    const given = span.parentId === undefined ? undefined : byId.get(span.parentId);
    underWay.add(span.id);
    // What is a part of itself would have no end.
    const isPart = given !== undefined && depth <= deepest && !underWay.has(given.id);
    const { id, startMs, endMs } = isPart ? place(given, depth + 1) : root;
    underWay.delete(span.id);
    const clamp = (ms: number) => Math.min(Math.max(ms, startMs), endMs);
    const within = { ...span, parentId: id, startMs: clamp(span.startMs), endMs: clamp(span.endMs) };
    placed.set(span.id, within);
    return within;
  };
  return spans.map((span) => place(span, 0)).sort((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
}

function findHolder(span: Span, loose: readonly Span[]): Span | undefined {
  const kinds = holders[span.kind] ?? usualHolders;
  const lengthOf = ({ startMs, endMs }: Span) => endMs - startMs;
  const holding = loose.filter(
    (other) =>
      kinds.includes(other.kind) &&
      other.startMs <= span.startMs &&
      span.endMs <= other.endMs &&
      lengthOf(other) > lengthOf(span),
  );
  return holding.sort((a, b) => lengthOf(a) - lengthOf(b))[0];
}
