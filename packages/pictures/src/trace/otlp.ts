import type { Span, SpanFacts, SpanKind, Trace } from "./trace.js";

/**
 * A trace in the JSON encoding of OTLP, one `TracesData`.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function formatOtlp({ id, spans }: Trace): string {
  const resource = { attributes: attributesOf({ "service.name": "otto" }) };
  const scopeSpans = [{ scope: { name: "@otto/pictures" }, spans: spans.map((span) => toOtlpSpan(id, span)) }];
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`;
}

const internal = 1;
const statusOk = 1;
const statusError = 2;

function toOtlpSpan(traceId: string, { id, parentId, name, kind, startMs, endMs, isFailed, facts }: Span) {
  return {
    traceId,
    spanId: id,
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name,
    kind: internal,
    startTimeUnixNano: toNanos(startMs),
    endTimeUnixNano: toNanos(endMs),
    attributes: attributesOf({ ...facts, "otto.kind": kind }),
    status: { code: isFailed ? statusError : statusOk },
  };
}

/** As text: 64 bits are more than a number holds. */
function toNanos(ms: number): string {
  return (BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms % 1) * 1e6))).toString();
}

function attributesOf(facts: SpanFacts) {
  return Object.entries(facts).map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: SpanFacts[string]) {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isInteger(value) ? { intValue: value.toString() } : { doubleValue: value };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value?: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: string | number;
    readonly doubleValue?: number;
  };
}

interface OtlpSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly startTimeUnixNano?: string | number;
  readonly endTimeUnixNano?: string | number;
  readonly attributes?: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number };
}

export interface OtlpData {
  readonly resourceSpans: readonly {
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

/** The spans of OTLP data from any program; the caller checks them. */
export function readOtlp({ resourceSpans }: OtlpData): { id: string; spans: Span[] } {
  const all = resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans));
  return { id: String(all[0]?.traceId ?? ""), spans: all.map(toSpan) };
}

function toSpan(span: OtlpSpan): Span {
  const facts = Object.fromEntries((span.attributes ?? []).map(({ key, value = {} }) => [String(key), factOf(value)]));
  const { "otto.kind": kind, ...others } = facts;
  return {
    id: String(span.spanId ?? ""),
    parentId: span.parentSpanId === undefined || span.parentSpanId === "" ? undefined : String(span.parentSpanId),
    name: String(span.name ?? ""),
    kind: toKind(kind),
    startMs: toMs(span.startTimeUnixNano),
    endMs: toMs(span.endTimeUnixNano),
    isFailed: span.status?.code === statusError,
    facts: others,
  };
}

export function toKind(kind: unknown): SpanKind {
  return kinds.find((one) => one === kind) ?? "command";
}

const kinds: readonly SpanKind[] = ["command", "build", "compose", "service", "transfer", "wait", "ssh", "test"];

function toMs(nanos: string | number | undefined): number {
  const text = String(nanos ?? "");
  return /^\d{1,20}$/.test(text) ? Number(BigInt(text) / 1000n) / 1000 : Number.NaN;
}

function factOf(value: NonNullable<OtlpAttribute["value"]>): SpanFacts[string] {
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? "";
}
