import { expect, test } from "vitest";
import { decodePath } from "./path-bytes.js";
import { encodeRawNames } from "./raw-names.js";

const mtime = new Date(1_700_000_000_000);
const raw = (length: number) => decodePath(Buffer.alloc(length, 0xff));

/** A number of the header, as an archive writes it. */
const numberAt = (header: Buffer, at: number, digits: number) =>
  Number.parseInt(header.toString("latin1", at, at + digits), 8);

test("names of UTF-8 need no header", () => {
  expect(encodeRawNames("é", "ü/ß", mtime)).toBeUndefined();
});

// Around the lengths at which a record's own length has one digit more.
test.each([1, 2, 3, 88, 89, 90, 91, 92, 988, 989, 990, 991])(
  "a name of %i bytes comes back from its record",
  (length) => {
    const [header, body] = cut(encodeRawNames(raw(length), "", mtime));
    const [, size = "", name = ""] = /^(\d+) path=(\xff+)\n$/.exec(body.toString("latin1")) ?? [];
    expect([Number(size), name.length]).toEqual([body.length, length]);
    expect(numberAt(header, 124, 11)).toBe(body.length);
  },
);

test("the header is one of ustar, of type x, with its sum and time; the target has a record too", () => {
  const [header, body] = cut(encodeRawNames(raw(1), raw(2), mtime));
  expect(body.toString("latin1")).toBe("9 path=\xff\n15 linkpath=\xff\xff\n");
  expect(header.toString("latin1", 156, 157)).toBe("x");
  expect(header.toString("latin1", 257, 265)).toBe("ustar\x0000");
  expect(numberAt(header, 136, 11)).toBe(1_700_000_000);
  const unsummed = Buffer.concat([header.subarray(0, 148), Buffer.from(" ".repeat(8)), header.subarray(156)]);
  expect(numberAt(header, 148, 6)).toBe(unsummed.reduce((sum, byte) => sum + byte, 0));
});

test.each([
  ["é", "\udcff", "11 path=Ã©\n14 linkpath=\xff\n"],
  ["\udcff", "é", "9 path=\xff\n15 linkpath=Ã©\n"],
])("where one of both has other bytes, it has the other, too", (path, target, records) => {
  expect(cut(encodeRawNames(path, target, mtime))[1].toString("latin1")).toBe(records);
});

/** The header, and the body without what fills its last block. */
function cut(blocks: Buffer | undefined): [header: Buffer, body: Buffer] {
  expect(blocks?.length).toSatisfy((length: number) => length % 512 === 0);
  const all = blocks ?? Buffer.alloc(512);
  const body = all.subarray(512, 512 + numberAt(all, 124, 11));
  expect(all.subarray(512 + body.length).every((byte) => byte === 0)).toBe(true);
  return [all.subarray(0, 512), body];
}
