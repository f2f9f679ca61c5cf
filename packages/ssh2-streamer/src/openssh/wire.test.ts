import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFields, FieldReader, MessageReader, WireError } from "./wire.js";

test("fields are read as they were encoded", () => {
  const message = encodeFields([{ byte: 7 }, { boolean: true }, { uint32: 0xfffffffe }, { string: "é" }]);
  expect(message.toString("hex")).toBe("0701fffffffe00000002c3a9");
  const fields = new FieldReader(message);
  expect([fields.byte(), fields.boolean(), fields.uint32(), fields.string().toString()]).toEqual([
    7,
    true,
    0xfffffffe,
    "é",
  ]);
});

test.each(["", "00", "000000", "00000005aabb"])("a field that a message (%s) does not hold is refused", (hex) => {
  const fields = new FieldReader(Buffer.from(hex, "hex"));
  expect(() => fields.string()).toThrow(WireError);
});

test("messages come out whole, however the stream is cut", () => {
  const messages = fc.array(fc.uint8Array({ minLength: 2, maxLength: 40 }), { maxLength: 10 });
  fc.assert(
    fc.property(messages, fc.array(fc.nat({ max: 20 })), (sent, cuts) => {
      const stream = encodeFields(sent.map((bytes) => ({ string: Buffer.from(bytes) })));
      const reader = new MessageReader();
      const seen: string[] = [];
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        reader.push(stream.subarray(at, at + size), (message) => seen.push(message.toString("hex")));
        at = Math.min(at + size, stream.length);
      }
      expect(seen).toEqual(sent.map((bytes) => Buffer.from(bytes).toString("hex")));
    }),
  );
});

test.each([0, 1, 512 * 1024 + 1, 0xffffffff])("a length of %i is refused before anything is kept for it", (length) => {
  const reader = new MessageReader();
  expect(() => reader.push(encodeFields([{ uint32: length }]), () => {})).toThrow(WireError);
});
