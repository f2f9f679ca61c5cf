import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readJsonLines } from "./json-lines.js";

async function collect(chunks: readonly Buffer[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readJsonLines(Readable.from(chunks))) values.push(value);
  return values;
}

test("values come back however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json()), fc.integer({ min: 1, max: 7 }), async (lines, size) => {
      const bytes = Buffer.from(lines.join("\r\n"));
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, n * size + size),
      );
      expect(await collect(chunks)).toEqual(lines.map((line) => JSON.parse(line)));
    }),
  );
});

test("a line that is not JSON is an error, not an uncaught exception", async () => {
  await expect(collect([Buffer.from('{"a":1}\n<html>\n')])).rejects.toMatchObject({ code: "ENGINE_STREAM_INVALID" });
});

test("a line without end is an error before it fills the memory", async () => {
  const endless = Array.from({ length: 20 }, () => Buffer.alloc(1024 * 1024, "a"));
  await expect(collect(endless)).rejects.toMatchObject({ code: "ENGINE_STREAM_INVALID" });
});
