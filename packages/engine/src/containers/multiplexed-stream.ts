import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { OttoError } from "@otto/errors";

const headerBytes = 8;

/** A piece of one of the two outputs. */
export interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly data: Buffer;
}

/**
 * Decodes the engine's multiplexed output: an 8-byte header (stream number, three zero bytes, length big-endian), then
 * that many bytes. Pieces are passed on as they come, a frame is never gathered.
 * @see https://docs.docker.com/reference/api/engine/ "Stream format"
 */
export class FrameDecoder {
  #header = Buffer.alloc(0);
  #stream: Frame["stream"] = "stdout";
  #remaining = 0;

  *decode(chunk: Buffer): Generator<Frame> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#remaining === 0) rest = this.#readHeader(rest);
      const data = rest.subarray(0, this.#remaining);
      this.#remaining -= data.length;
      rest = rest.subarray(data.length);
      if (data.length > 0) yield { stream: this.#stream, data };
    }
  }

  /** Whether the input may end here. */
  get atBoundary(): boolean {
    return this.#remaining === 0 && this.#header.length === 0;
  }

  #readHeader(chunk: Buffer): Buffer {
    const needed = headerBytes - this.#header.length;
    this.#header = Buffer.concat([this.#header, chunk.subarray(0, needed)]);
    if (this.#header.length === headerBytes) {
      this.#stream = streamOf(this.#header[0]);
      this.#remaining = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return chunk.subarray(needed);
  }
}

export function streamOf(number: number | undefined): Frame["stream"] {
  if (number === 1) return "stdout";
  if (number === 2) return "stderr";
  throw new OttoError("ENGINE_STREAM_INVALID", `reading a container's output: unknown stream number ${number}`);
}

/**
 * Splits multiplexed output onto two streams and ends both. Waits for whichever is full, as long as the source is there:
 * read both.
 * @throws OttoError `ENGINE_STREAM_INVALID` when the input is no multiplexed stream or ends within a frame.
 */
export async function demultiplex(source: Readable, outputs: { stdout: Writable; stderr: Writable }): Promise<void> {
  const decoder = new FrameDecoder();
  for await (const chunk of source as AsyncIterable<Buffer>) {
    for (const { stream, data } of decoder.decode(chunk)) await write(outputs[stream], data, source);
  }
  if (!decoder.atBoundary)
    throw new OttoError("ENGINE_STREAM_INVALID", "reading a container's output: it ends within a frame");
  outputs.stdout.end();
  outputs.stderr.end();
}

async function write(output: Writable, data: Buffer, source: Readable): Promise<void> {
  if (output.destroyed || output.write(data) || source.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([
      once(output, "drain", { signal }),
      once(output, "close", { signal }),
      once(source, "close", { signal }),
    ]);
  } finally {
    settled.abort();
  }
}
