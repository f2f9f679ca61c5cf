const headerBytes = 5;

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
  #held: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Buffer> {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= headerBytes) {
      const end = headerBytes + this.#held.readUInt32BE(1);
      if (this.#held.length < end) return;
      yield this.#held.subarray(headerBytes, end);
      this.#held = this.#held.subarray(end);
    }
  }
}
