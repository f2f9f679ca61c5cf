/** What a span's time went to; a picture colours it by this. */
export type SpanKind = "command" | "build" | "compose" | "service" | "transfer" | "wait" | "ssh" | "test";

/** Facts of a span. None of them is a secret: names, numbers and states. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** Something that took time. Times are milliseconds since 1970, with fractions. */
export interface Span {
  /** 16 hex digits, unique in its trace. */
  readonly id: string;
  /** The span that it is a part of; undefined for the first one. */
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly isFailed: boolean;
  readonly facts: SpanFacts;
}

/** A command and what its time went to. */
export interface Trace {
  /** 32 hex digits. */
  readonly id: string;
  /** The first is the command itself; all others lie within it. */
  readonly spans: readonly [Span, ...Span[]];
}
