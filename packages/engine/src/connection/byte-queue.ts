/** Bytes that come in pieces and are taken in others. However they are cut, each byte is copied once at most. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first bytes, which stay; `count` is at most the length. */
  peek(count: number): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks;
    return first.length >= count ? first.subarray(0, count) : this.#gather(count).bytes;
  }

  /** Takes the first bytes out; `count` is at most the length. */
  take(count: number): Buffer {
    const { bytes, chunks, rest } = this.#gather(count);
    this.#chunks.splice(0, chunks, ...rest);
    this.#length -= count;
    return bytes;
  }

  #gather(count: number) {
    let [chunks, size] = [0, 0];
    while (size < count) size += this.#chunks[chunks++]?.length ?? 0;
    const gathered = this.#chunks.slice(0, chunks);
    const whole = chunks === 1 ? (gathered[0] as Buffer) : Buffer.concat(gathered);
    const rest = whole.subarray(count);
    return { bytes: whole.subarray(0, count), chunks, rest: rest.length === 0 ? [] : [rest] };
  }
}
