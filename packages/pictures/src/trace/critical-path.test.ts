import fc from "fast-check";
import { expect, test } from "vitest";
import { findCriticalPath } from "./critical-path.js";
import { nestSpans, placeSpans } from "./nest-spans.js";
import type { Span, SpanKind, Trace } from "./trace.js";

function span(
  id: string,
  startMs: number,
  endMs: number,
  parentId: string | undefined,
  kind: SpanKind = "build",
): Span {
  return { id, parentId, name: id, kind, startMs, endMs, isFailed: false, facts: {} };
}

const pathOf = (trace: Trace) =>
  findCriticalPath(trace).map(({ span: one, startMs, endMs }) => `${one.id} ${startMs}-${endMs}`);

test("the path leads through what ended last, and names what nothing else was waited for", () => {
  const root = span("root", 0, 100, undefined);
  const parts = [
    span("slow", 10, 90, "root"),
    span("fast", 10, 40, "root"),
    span("inner", 30, 80, "slow"),
    span("late", 85, 90, "slow"),
  ];
  expect(pathOf({ id: "t", spans: [root, ...parts] })).toEqual([
    "root 0-10",
    "slow 10-30",
    "inner 30-80",
    "slow 80-85",
    "late 85-90",
    "root 90-100",
  ]);
});

test("of parts that overlap, each counts until the later one begins", () => {
  const root = span("root", 0, 50, undefined);
  expect(pathOf({ id: "t", spans: [root, span("a", 0, 30, "root"), span("b", 20, 50, "root")] })).toEqual([
    "a 0-20",
    "b 20-50",
  ]);
});

const kinds = fc.constantFrom<SpanKind>("build", "compose", "ssh", "wait", "service");
const times = fc.tuple(fc.integer({ min: -50, max: 1100 }), fc.integer({ min: 0, max: 400 }), kinds, fc.nat());

test("whatever was recorded, the path has no gaps and adds up to the whole, and parts lie within theirs", () => {
  fc.assert(
    fc.property(fc.array(times, { maxLength: 40 }), (given) => {
      const root = span("root", 0, 1000, undefined);
      // A parent may come later, and be one's own part.
      const spans = given.map(([startMs, length, kind, parent], index) =>
        span(`s${index}`, startMs, startMs + length, parent % 3 === 0 ? `s${parent % given.length}` : "root", kind),
      );
      const nested = nestSpans(root, spans);
      const byId = new Map([root, ...nested].map((one) => [one.id, one]));
      for (const one of nested) {
        const parent = byId.get(one.parentId ?? "");
        expect(parent !== undefined && parent.startMs <= one.startMs && one.endMs <= parent.endMs).toBe(true);
      }
      const path = findCriticalPath({ id: "t", spans: [root, ...nested] });
      expect(path[0]?.startMs).toBe(0);
      expect(path.at(-1)?.endMs).toBe(1000);
      for (const [index, { startMs }] of path.slice(1).entries()) expect(startMs).toBe(path[index]?.endMs);
    }),
  );
});

test("spans that are each other's parts are cut loose from each other, and lie within what holds them", () => {
  const [a, b] = placeSpans(span("root", 0, 10, undefined), [span("a", 0, 8, "b"), span("b", 4, 20, "a")]);
  expect([a, b].map((one) => [one?.id, one?.parentId, one?.startMs, one?.endMs])).toEqual([
    ["b", "root", 4, 10],
    ["a", "b", 4, 8],
  ]);
});
