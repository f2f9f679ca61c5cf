import type { Span, Trace } from "./trace.js";

/** A stretch of time in which a command would have been faster, had its span been. */
export interface CriticalSegment {
  /** The innermost span that was waited for. */
  readonly span: Span;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * What a command waited for at each moment: from its end backwards, the part that ended last, and of that again. The segments are
 * in order, without gaps, and add up to the time of the command.
 */
export function findCriticalPath({ spans }: Trace): CriticalSegment[] {
  const [root] = spans;
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    if (span.parentId === undefined) continue;
    const others = children.get(span.parentId);
    if (others === undefined) children.set(span.parentId, [span]);
    else others.push(span);
  }
  const segments: CriticalSegment[] = [];
  const walk = (span: Span, fromMs: number, toMs: number) => {
    let cursor = toMs;
    const parts = (children.get(span.id) ?? []).toSorted((a, b) => b.endMs - a.endMs || b.startMs - a.startMs);
    for (const part of parts) {
      const [start, end] = [Math.max(part.startMs, fromMs), Math.min(part.endMs, cursor)];
      if (end <= start) continue;
      if (end < cursor) segments.push({ span, startMs: end, endMs: cursor });
      walk(part, start, end);
      cursor = start;
    }
    if (cursor > fromMs) segments.push({ span, startMs: fromMs, endMs: cursor });
  };
  walk(root, root.startMs, root.endMs);
  return segments.reverse();
}
