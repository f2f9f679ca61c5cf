import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePaths, decodePath, encodePath, hasRawBytes, printablePath } from "./path-bytes.js";

test("any bytes survive as a string", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(encodePath(decodePath(bytes))).toEqual(Buffer.from(bytes));
    }),
    { numRuns: 1000 },
  );
});

test("characters keep theirs beside bytes that are none", () => {
  const part = fc.oneof(fc.constantFrom("a", "é", "€", "😀", "\0"), fc.constantFrom("\udcff", "\udcfe"));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 200 }), (parts) => {
      const bytes = parts.map((one) => (hasRawBytes(one) ? Buffer.of(one.charCodeAt(0) - 0xdc00) : Buffer.from(one)));
      expect(decodePath(Buffer.concat(bytes))).toBe(parts.join(""));
    }),
    { numRuns: 1000 },
  );
});

test("two names of different bytes are different strings", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      expect(decodePath(a) === decodePath(b)).toBe(Buffer.from(a).equals(Buffer.from(b)));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["plain", "plain", false],
  ["é😀", "é😀", false],
  ["\xff", "\udcff", true],
  ["a\xc3", "a\udcc3", true],
  ["\xed\xa0\x80", "\udced\udca0\udc80", true],
  ["\xc0\xaf", "\udcc0\udcaf", true],
])("the bytes %j read as %j", (latin1, path, raw) => {
  const bytes = /[é😀]/u.test(latin1) ? Buffer.from(latin1) : Buffer.from(latin1, "latin1");
  expect(decodePath(bytes)).toBe(path);
  expect(hasRawBytes(path)).toBe(raw);
  expect(printablePath(path).includes("\ufffd")).toBe(raw);
});

test("paths order by their bytes, a slash before all others", () => {
  const parts = fc.constantFrom("a", "b", "/", "-", ".", "é", "😀", "\uffff", "\udcff", "\udc80", "\n");
  const path = fc.array(parts, { minLength: 1, maxLength: 6 }).map((list) => list.join(""));
  const key = (text: string) => encodePath(text).map((byte) => (byte === 0x2f ? 0 : byte));
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(key(a), key(b)));
    }),
    { numRuns: 3000 },
  );
});

test("what a directory holds comes right after it", () => {
  expect(["a.b", "a/b", "a-b", "a", "a/b.c", "a/b/c"].sort(comparePaths)).toEqual([
    "a",
    "a/b",
    "a/b/c",
    "a/b.c",
    "a-b",
    "a.b",
  ]);
});
