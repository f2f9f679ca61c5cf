const headerBytes = 5;

/** A gRPC message on the wire: a byte that says "not compressed", its length, itself. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, headerBytes);
  return frame;
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
