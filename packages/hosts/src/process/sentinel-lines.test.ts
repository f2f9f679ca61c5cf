import fc from "fast-check";
import { expect, test } from "vitest";
import { createSentinel, SentinelLines } from "./sentinel-lines.js";

const sentinel = "0123456789abcdef0f1e2d3c4b5a6978";
// Bytes that often look like the sentinel's beginning.
const bytes = fc
  .array(fc.oneof(fc.constantFrom("0", "01", "0123456789abcdef", "\n", " "), fc.string()))
  .map((parts) => Buffer.from(parts.join("")));

function read(chunks: readonly Buffer[]) {
  const lines = new SentinelLines(sentinel);
  const passed: Buffer[] = [];
  const found: string[] = [];
  for (const chunk of chunks) {
    for (const piece of lines.push(chunk)) {
      if ("line" in piece) found.push(piece.line);
      else passed.push(piece.bytes);
    }
  }
  return { passed: Buffer.concat([...passed, lines.flush()]), found };
}

function cut(all: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.subarray(n * size, (n + 1) * size));
}

test("sentinel lines are found and the rest passes unchanged, however the stream is cut", () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 40 }), (first, second, third, size) => {
      const all = Buffer.concat([
        first,
        Buffer.from(`${sentinel} 12\n`),
        second,
        Buffer.from(`${sentinel}\r\n`),
        third,
      ]);
      expect(read(cut(all, size))).toEqual({ passed: Buffer.concat([first, second, third]), found: ["12", ""] });
    }),
  );
});

test("what cannot be part of a sentinel is not held back", () => {
  const lines = new SentinelLines(sentinel);
  expect([...lines.push(Buffer.from("$ "))]).toEqual([{ bytes: Buffer.from("$ ") }]);
  expect([...lines.push(Buffer.from("ready 012"))]).toEqual([{ bytes: Buffer.from("ready ") }]);
  expect([...lines.push(Buffer.from("3 go"))]).toEqual([{ bytes: Buffer.from("0123 go") }]);
});

test("a sentinel that the stream ends in passes as it is", () => {
  expect(read([Buffer.from(`x${sentinel} 1`)])).toEqual({ passed: Buffer.from(`x${sentinel} 1`), found: [] });
});

test("sentinels differ", () => {
  expect(createSentinel()).toMatch(/^[0-9a-f]{32}$/);
  expect(createSentinel()).not.toBe(createSentinel());
});
