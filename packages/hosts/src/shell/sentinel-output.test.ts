import { PassThrough } from "node:stream";
import { expect, test, vi } from "vitest";
import { SentinelOutput } from "./sentinel-output.js";

const sentinel = "0123456789abcdef0123456789abcdef";

test("what comes after a sentinel line belongs to the next section", async () => {
  const stream = new PassThrough();
  const output = new SentinelOutput(stream, sentinel, () => true);
  stream.write(`one${sentinel} 1\ntwo${sentinel} 2\n`);
  expect(await output.next()).toEqual({ bytes: Buffer.from("one"), line: "1" });
  expect(await output.next()).toEqual({ bytes: Buffer.from("two"), line: "2" });
});

test("a stream that ends without a sentinel gives what came, and no line", async () => {
  const stream = new PassThrough();
  const output = new SentinelOutput(stream, sentinel, () => true);
  const section = output.next();
  stream.end("rest");
  expect(await section).toEqual({ bytes: Buffer.from("rest"), line: undefined });
  expect(await output.next()).toEqual({ bytes: Buffer.alloc(0), line: undefined });
});

test("what came before an error is kept", async () => {
  const stream = new PassThrough();
  const output = new SentinelOutput(stream, sentinel, () => true);
  stream.write("some");
  await new Promise((resolve) => setImmediate(resolve));
  stream.destroy(new Error("gone"));
  expect(await output.next()).toEqual({ bytes: Buffer.from("some"), line: undefined });
});

test("each byte of a large output is looked at a bounded number of times", async () => {
  const stream = new PassThrough();
  const output = new SentinelOutput(stream, sentinel, () => true);
  const section = output.next();
  const chunk = Buffer.alloc(1 << 16, "0");
  let copied = 0;
  const concat = vi.spyOn(Buffer, "concat");
  for (let n = 0; n < 500; n += 1) stream.write(chunk);
  stream.end(`${sentinel} 0\n`);
  expect((await section).bytes.length).toBe(500 * chunk.length);
  for (const { value } of concat.mock.results) copied += (value as Buffer).length;
  concat.mockRestore();
  expect(copied).toBeLessThan(3 * 501 * chunk.length);
});

test("a stream that was broken before has one section, without a sentinel", async () => {
  const stream = new PassThrough().on("error", () => {}).destroy(new Error("cut"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await new SentinelOutput(stream, "sentinel", () => true).next()).toEqual({
    bytes: Buffer.alloc(0),
    line: undefined,
  });
});
