import { finished, type Readable } from "node:stream";

/** Gathers what a stream gives; of one that breaks it keeps what had come. */
export class Collector {
  readonly #chunks: Buffer[] = [];
  readonly #over: Promise<Error | undefined>;

  constructor(stream: Readable) {
    this.#over = new Promise((resolve) => {
      stream.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
      finished(stream, { writable: false }, () => resolve(stream.errored ?? undefined));
    });
  }

  /** All of it, once the stream is over. @throws what broke the stream */
  async finished(): Promise<Buffer> {
    const broken = await this.#over;
    if (broken !== undefined) throw broken;
    return this.bytes;
  }

  /** What has come so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
