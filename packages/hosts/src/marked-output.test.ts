import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MarkedOutput } from "./marked-output.js";

const marker = "0123456789abcdef0123456789abcdef";
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

test("what comes before the marker is exact, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      bytes,
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 1, max: 40 }),
      async (output, code, size) => {
        const stream = new PassThrough();
        const piece = new MarkedOutput(stream).until([marker]);
        const all = Buffer.concat([output, Buffer.from(`${marker} ${code}\n`)]);
        for (let at = 0; at < all.length; at += size) stream.write(all.subarray(at, at + size));
        expect(await piece).toMatchObject({ bytes: output, exitCode: code, marker });
      },
    ),
  );
});

test("what comes after a marker belongs to the next piece", async () => {
  const stream = new PassThrough();
  const output = new MarkedOutput(stream);
  stream.write(`one${marker} 1\ntwo${marker} 2\n`);
  expect(await output.until([marker])).toMatchObject({ bytes: Buffer.from("one"), exitCode: 1 });
  expect(await output.until([marker])).toMatchObject({ bytes: Buffer.from("two"), exitCode: 2 });
});

test("a stream that ends without a marker gives what came, and no exit code", async () => {
  const stream = new PassThrough();
  const piece = new MarkedOutput(stream).until([marker]);
  stream.end("rest");
  expect(await piece).toMatchObject({ bytes: Buffer.from("rest"), exitCode: undefined });
});
