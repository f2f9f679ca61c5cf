import { OttoError } from "@otto/errors";
import { ByteQueue } from "../connection/byte-queue.js";

const headerBytes = 5;
const longestMessageBytes = 16 << 20;

/** What goes before a gRPC message on the wire: a byte that says "not compressed", and its length. */
export function encodeFrameHeader(lengthBytes: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(lengthBytes, 1);
  return header;
}

/** A whole gRPC message on the wire. */
export function encodeFrame(message: Uint8Array): Buffer {
  return Buffer.concat([encodeFrameHeader(message.length), message]);
}

/** Takes messages out of a stream of bytes, however it is cut. */
export class FrameReader {
  readonly #held = new ByteQueue();

  /** @throws OttoError `ENGINE_STREAM_INVALID` for a message over 16 MiB, which is the most that BuildKit's own side takes */
  *read(chunk: Buffer): Generator<Buffer> {
    this.#held.push(chunk);
    while (this.#held.length >= headerBytes) {
      const size = this.#held.peek(headerBytes).readUInt32BE(1);
      if (size > longestMessageBytes) {
        throw new OttoError("ENGINE_STREAM_INVALID", "reading what BuildKit says: a message is longer than 16 MiB");
      }
      if (this.#held.length < headerBytes + size) return;
      yield this.#held.take(headerBytes + size).subarray(headerBytes);
    }
  }
}
