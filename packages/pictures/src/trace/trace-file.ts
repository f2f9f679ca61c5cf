import { OttoError } from "@otto/errors";
import { type ChromeData, formatChrome, readChrome } from "./chrome.js";
import { placeSpans } from "./nest-spans.js";
import { formatOtlp, type OtlpData, readOtlp } from "./otlp.js";
import type { Span, Trace } from "./trace.js";

/** `otlp`: OpenTelemetry's JSON; `chrome`: the trace event format of Chrome and Perfetto. */
export type TraceFormat = "otlp" | "chrome";

/** A trace as the text of a file. */
export function formatTrace(trace: Trace, format: TraceFormat): string {
  return format === "otlp" ? formatOtlp(trace) : formatChrome(trace);
}

/** More would be no picture. */
const mostSpans = 100_000;

/**
 * Reads what {@link formatTrace} wrote, in either format. What a file says is hostile until it is escaped.
 * @throws OttoError `TRACE_INVALID`
 */
export function parseTrace(text: string): Trace {
  const data = parseJson(text);
  const { id, spans } = read(data);
  if (spans.length > mostSpans) throw invalid(`it has ${spans.length} spans, ${mostSpans} at most are drawn`);
  const valid = spans.filter(
    ({ startMs, endMs }) => Number.isFinite(startMs) && Number.isFinite(endMs) && startMs <= endMs,
  );
  const root = valid.find(({ parentId }) => parentId === undefined) ?? valid[0];
  if (root === undefined) throw invalid("it has no span");
  const others = valid.filter((span) => span !== root);
  return { id, spans: [{ ...root, parentId: undefined }, ...placeSpans(root, others)] };
}

function read(data: unknown): { id: string; spans: Span[] } {
  try {
    if (hasList(data, "resourceSpans")) return readOtlp(data as unknown as OtlpData);
    if (hasList(data, "traceEvents")) return readChrome(data as unknown as ChromeData);
  } catch (error) {
    // Parts of it are of another kind than the format has.
    if (error instanceof TypeError) throw invalid(error.message);
    throw error;
  }
  throw invalid("it has neither resourceSpans nor traceEvents");
}

function hasList(data: unknown, key: string): boolean {
  return typeof data === "object" && data !== null && Array.isArray((data as Record<string, unknown>)[key]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

function invalid(why: string): OttoError {
  return new OttoError("TRACE_INVALID", `reading a trace: ${why}`, {
    hint: "Write one with --trace FILE: otto docker up --trace up.json",
  });
}
