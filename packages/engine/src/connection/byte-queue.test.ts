import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.js";

const pieces = fc.array(fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)));

test("bytes come out as they went in, however they are cut", () => {
  fc.assert(
    fc.property(pieces, fc.array(fc.integer({ min: 0, max: 9 })), (chunks, counts) => {
      const queue = new ByteQueue();
      for (const chunk of chunks) queue.push(chunk);
      const taken: Buffer[] = [];
      for (const wanted of counts) {
        const count = Math.min(wanted, queue.length);
        expect(queue.peek(count)).toEqual(queue.peek(count));
        taken.push(queue.take(count));
      }
      taken.push(queue.take(queue.length));
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(chunks));
      expect(queue.length).toBe(0);
    }),
  );
});
