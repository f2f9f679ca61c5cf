import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FrameReader } from "./grpc-frame.js";

const message = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes));

test("messages come back however the bytes are cut", () => {
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 1, max: 20 }), (messages, size) => {
      const bytes = Buffer.concat(messages.map(encodeFrame));
      const reader = new FrameReader();
      const read: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...reader.read(bytes.subarray(at, at + size)));
      expect(read).toEqual(messages);
    }),
  );
});
