import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { demultiplex, type Frame } from "./multiplexed-stream.js";

function encode({ stream, data }: Frame): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === "stdout" ? 1 : 2;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

async function split(bytes: Buffer, chunkSize: number): Promise<Record<Frame["stream"], Buffer>> {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkSize) }, (_, n) =>
    bytes.subarray(n * chunkSize, (n + 1) * chunkSize),
  );
  const [stdout, stderr] = await Promise.all([
    outputs.stdout.toArray(),
    outputs.stderr.toArray(),
    demultiplex(Readable.from(chunks), outputs),
  ]);
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
}

const frame = fc.record({
  stream: fc.constantFrom<Frame["stream"]>("stdout", "stderr"),
  data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

test("frames come apart to the byte, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame), fc.integer({ min: 1, max: 50 }), async (frames, chunkSize) => {
      const expected = (stream: Frame["stream"]) =>
        Buffer.concat(frames.filter((it) => it.stream === stream).map(({ data }) => data));
      const result = await split(Buffer.concat(frames.map(encode)), chunkSize);
      expect(result).toEqual({ stdout: expected("stdout"), stderr: expected("stderr") });
    }),
  );
});

test.each([
  ["an unknown stream number", Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 65])],
  ["an end within a frame", Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65])],
  ["an end within a header", Buffer.from([1, 0, 0])],
])("%s is an error", async (_, bytes) => {
  const outputs = { stdout: new PassThrough().resume(), stderr: new PassThrough().resume() };
  await expect(demultiplex(Readable.from([bytes]), outputs)).rejects.toMatchObject({ code: "ENGINE_STREAM_INVALID" });
});

test("a source that is destroyed ends the wait for a reader who does not come", async () => {
  const source = new PassThrough();
  const outputs = { stdout: new PassThrough({ highWaterMark: 1 }), stderr: new PassThrough() };
  const split = demultiplex(source, outputs);
  source.write(encode({ stream: "stdout", data: Buffer.alloc(99) }));
  await new Promise(setImmediate);
  source.destroy();
  await expect(split).rejects.toThrow("Premature close");
});
