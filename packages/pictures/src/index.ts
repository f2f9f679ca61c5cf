export { formatGraph, type GraphFormat } from "./graph/format-graph.js";
export { type CriticalSegment, findCriticalPath } from "./trace/critical-path.js";
export { drawTrace, type TracePicture } from "./trace/draw-trace.js";
export { createTraceRecorder, type TraceRecorder, type TraceRecorderOptions } from "./trace/recorder.js";
export type { Span, SpanFacts, SpanKind, Trace } from "./trace/trace.js";
export { formatTrace, parseTrace, type TraceFormat } from "./trace/trace-file.js";
