import { expect, test } from "vitest";
import { decodePacket, encodePacket, type Packet } from "./packet.js";

const encoded = (packet: Packet) => Buffer.concat(encodePacket(packet));
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("a stat has the fields of fsutil's message, and no owner", () => {
  const stat = { path: Buffer.from("a"), mode: 0o644, sizeBytes: 5, mtimeNs: 7n };
  // Packet{stat = 2: {path = 1: "a", mode = 2: 420, size = 5: 5, modTime = 6: 7}}
  expect(encoded({ type: "stat", stat })).toEqual(hex("12 0a 0a0161 10a403 2805 3007"));
});

test("the last stat is empty", () => {
  expect(encoded({ type: "stat", stat: undefined })).toEqual(Buffer.alloc(0));
});

test.each([
  [{ type: "request", id: 300 }, "0801 18ac02"],
  [{ type: "request", id: 0 }, "0801"],
  [{ type: "data", id: 2, data: Buffer.from("xy") }, "0802 1802 22027879"],
  [{ type: "data", id: 2, data: Buffer.alloc(0) }, "0802 1802"],
  [{ type: "finish" }, "0803"],
  [{ type: "error", message: "no" }, "0804 22026e6f"],
] as const)("%j is read and written", (packet, bytes) => {
  expect(decodePacket(hex(bytes))).toMatchObject(packet);
  expect(encoded(packet)).toEqual(hex(bytes));
});
