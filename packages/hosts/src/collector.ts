import { finished, type Readable } from "node:stream";

/** Gathers what a stream gives; a stream that breaks keeps what had come. */
export class Collector {
  readonly #chunks: Buffer[] = [];
  readonly #done: Promise<void>;

  constructor(stream: Readable) {
    this.#done = new Promise((resolve) => {
      stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
      finished(stream, { writable: false }, () => resolve());
    });
  }

  /** All of it, once the stream is over. */
  async finished(): Promise<Buffer> {
    await this.#done;
    return this.bytes;
  }

  /** What has come so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
