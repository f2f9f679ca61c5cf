import fc from "fast-check";
import { expect, test } from "vitest";
import { drawTrace } from "./draw-trace.js";
import type { Span, Trace } from "./trace.js";
import { formatTrace, parseTrace } from "./trace-file.js";

const root: Span = {
  ...{ id: "00000000000000aa", parentId: undefined, name: "otto docker up", kind: "command", isFailed: false },
  ...{ startMs: 1_700_000_000_000.25, endMs: 1_700_000_001_000.5, facts: { exit_code: 0, "ssh.sent_bytes": 2 ** 40 } },
};
const step: Span = {
  ...{ id: "00000000000000ab", parentId: root.id, name: "[1/2] RUN make", kind: "build", isFailed: true },
  ...{ startMs: 1_700_000_000_100, endMs: 1_700_000_000_900, facts: { state: "failed", ratio: 0.5, isNew: true } },
};
const trace: Trace = { id: "0123456789abcdef0123456789abcdef", spans: [root, step] };

test("OTLP is encoded as its specification has it", () => {
  const { resourceSpans } = JSON.parse(formatTrace(trace, "otlp"));
  expect(resourceSpans[0].resource.attributes).toEqual([{ key: "service.name", value: { stringValue: "otto" } }]);
  expect(resourceSpans[0].scopeSpans[0].spans[1]).toEqual({
    traceId: trace.id,
    spanId: step.id,
    parentSpanId: root.id,
    name: "[1/2] RUN make",
    kind: 1,
    // 64 bits are text, times are nanoseconds.
    startTimeUnixNano: "1700000000100000000",
    endTimeUnixNano: "1700000000900000000",
    attributes: [
      { key: "state", value: { stringValue: "failed" } },
      { key: "ratio", value: { doubleValue: 0.5 } },
      { key: "isNew", value: { boolValue: true } },
      { key: "otto.kind", value: { stringValue: "build" } },
    ],
    status: { code: 2 },
  });
  expect(resourceSpans[0].scopeSpans[0].spans[0].attributes[1]).toEqual({
    key: "ssh.sent_bytes",
    value: { intValue: "1099511627776" },
  });
});

test("Chrome's rows hold spans that lie within each other or apart", () => {
  const crossing = { ...step, id: "00000000000000ac", startMs: step.startMs + 400, endMs: step.endMs + 50 };
  const { traceEvents } = JSON.parse(formatTrace({ ...trace, spans: [root, step, crossing] }, "chrome"));
  expect(traceEvents.map(({ ph, tid, dur }: Record<string, unknown>) => [ph, tid, dur])).toEqual([
    ["X", 0, 1_000_250],
    ["X", 0, 800_000],
    ["X", 1, 450_000],
  ]);
});

test.each(["otlp", "chrome"] as const)("what is written as %s is read again", (format) => {
  expect(parseTrace(formatTrace(trace, format))).toEqual(trace);
});

test.each([
  "",
  "{",
  "[]",
  "null",
  '{"traceEvents":[]}',
  '{"resourceSpans":[1]}',
  '{"traceEvents":[null]}',
  '{"resourceSpans":{}}',
])("%j is refused", (text) => {
  expect(() => parseTrace(text)).toThrow(expect.objectContaining({ code: "TRACE_INVALID" }));
});

test("a file whose spans are nested without end is read", () => {
  const traceEvents = Array.from({ length: 20_000 }, (_, index) => ({
    ...{ name: `s${index}`, ph: "X", ts: 0, dur: 1 },
    args: { id: `s${index}`, parent: `s${(index + 1) % 20_000}` },
  }));
  const { spans } = parseTrace(JSON.stringify({ traceEvents }));
  expect([spans.length, drawTrace({ id: "", spans }, "svg").length > 0]).toEqual([20_000, true]);
});

test("whatever a file holds, it is read or refused", () => {
  const value = fc.jsonValue({ maxDepth: 4 });
  const files = fc.oneof(
    fc.record({
      traceEvents: fc.array(fc.record({ ph: fc.constant("X"), ts: value, dur: value, args: value, name: value })),
    }),
    fc.record({ resourceSpans: fc.array(fc.record({ scopeSpans: fc.array(fc.record({ spans: fc.array(value) })) })) }),
    value,
  );
  fc.assert(
    fc.property(files, (file) => {
      expect(spansOrCode(JSON.stringify(file))).toBe(true);
    }),
  );
});

/** Whether it is read as one span at least, or refused as no trace. */
function spansOrCode(text: string): boolean {
  try {
    return parseTrace(text).spans.length > 0;
  } catch (error) {
    return (error as { code?: string }).code === "TRACE_INVALID";
  }
}
