import { Transform, type TransformCallback } from "node:stream";

/** Passes a stream on to its end, or to the size that is told first. */
export class SizedOutput extends Transform {
  #size = Number.POSITIVE_INFINITY;
  #passed = 0;

  /** @param size in bytes */
  endAt(size: number): void {
    this.#size = size;
    if (this.#passed >= size) this.push(null);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#passed += chunk.length;
    this.push(chunk);
    if (this.#passed >= this.#size) this.push(null);
    callback();
  }
}
