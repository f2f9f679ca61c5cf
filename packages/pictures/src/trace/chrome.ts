import { toKind } from "./otlp.js";
import type { Span, SpanFacts, Trace } from "./trace.js";

/** A complete event of Chrome's trace event format; times are microseconds. */
interface ChromeEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: "X";
  readonly ts: number;
  readonly dur: number;
  readonly pid: 1;
  /** Its row: spans of one row hold each other or lie apart, as the format asks. */
  readonly tid: number;
  readonly args: SpanFacts & { readonly id: string; readonly parent?: string; readonly failed: boolean };
}

/**
 * A trace in Chrome's trace event format, for ui.perfetto.dev and chrome://tracing.
 * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function formatChrome({ id, spans }: Trace): string {
  const rows: Span[][] = [];
  const traceEvents = spans.map((span): ChromeEvent => {
    const { name, kind, startMs, endMs, isFailed, facts, parentId } = span;
    const args = { ...facts, id: span.id, ...(parentId !== undefined && { parent: parentId }), failed: isFailed };
    const times = { ts: startMs * 1000, dur: (endMs - startMs) * 1000 };
    return { name, cat: kind, ph: "X", ...times, pid: 1, tid: rowOf(span, rows), args };
  });
  return `${JSON.stringify({ traceEvents, displayTimeUnit: "ms", otherData: { traceId: id } })}\n`;
}

/** The first row in which a span crosses no other. */
function rowOf(span: Span, rows: Span[][]): number {
  const crosses = (other: Span) => {
    const isApart = span.endMs <= other.startMs || other.endMs <= span.startMs;
    return !isApart && !holds(other, span) && !holds(span, other);
  };
  const index = rows.findIndex((row) => !row.some(crosses));
  if (index >= 0) rows[index]?.push(span);
  else rows.push([span]);
  return index >= 0 ? index : rows.length - 1;
}

function holds(outer: Span, inner: Span): boolean {
  return outer.startMs <= inner.startMs && inner.endMs <= outer.endMs;
}

export interface ChromeData {
  readonly traceEvents: readonly {
    readonly name?: string;
    readonly cat?: string;
    readonly ph?: string;
    readonly ts?: number;
    readonly dur?: number;
    readonly args?: Readonly<Record<string, unknown>>;
  }[];
  readonly otherData?: { readonly traceId?: string };
}

/** The complete events of such data from any program; the caller checks them. */
export function readChrome({ traceEvents, otherData }: ChromeData): { id: string; spans: Span[] } {
  const complete = traceEvents.filter(({ ph }) => ph === "X");
  const spans = complete.map(({ name, cat, ts, dur, args = {} }, index): Span => {
    const { id, parent, failed, ...facts } = args;
    return {
      id: typeof id === "string" ? id : `event ${index}`,
      parentId: typeof parent === "string" ? parent : undefined,
      name: String(name ?? ""),
      kind: toKind(cat),
      startMs: Number(ts) / 1000,
      endMs: (Number(ts) + Number(dur)) / 1000,
      isFailed: failed === true,
      facts: Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, toFact(value)])),
    };
  });
  return { id: String(otherData?.traceId ?? ""), spans };
}

function toFact(value: unknown): SpanFacts[string] {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : "";
}
