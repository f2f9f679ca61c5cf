import { finished, type Readable } from "node:stream";
import { SentinelLines, type SentinelPiece } from "../process/sentinel-lines.js";

/** What a stream gave up to a sentinel line. */
export interface OutputSection {
  readonly bytes: Buffer;
  /** What stood behind the sentinel; undefined when the stream ended without it. */
  readonly line: string | undefined;
}

/** What a sentinel line takes in memory beside its text, about. */
const lineBytes = 128;

/** Cuts a stream into the sections between its sentinel lines. */
export class SentinelOutput {
  readonly #lines: SentinelLines;
  readonly #sections: OutputSection[] = [];
  #chunks: Buffer[] = [];
  readonly #mayKeep: (bytes: number) => boolean;
  #ended = false;
  #deliver: ((section: OutputSection) => void) | undefined;

  /** @param mayKeep whether so many more bytes may be kept */
  constructor(stream: Readable, sentinel: string, mayKeep: (bytes: number) => boolean) {
    this.#mayKeep = mayKeep;
    this.#lines = new SentinelLines(sentinel);
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    finished(stream, { writable: false }, () => this.#end());
  }

  /** Whether the stream is over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The next section; at the stream's end, what is left of it. One call at a time. */
  next(): Promise<OutputSection> {
    const section = this.#sections.shift();
    if (section !== undefined) return Promise.resolve(section);
    if (this.#ended) return Promise.resolve(this.#close(undefined));
    return new Promise((resolve) => {
      this.#deliver = resolve;
    });
  }

  #take(chunk: Buffer): void {
    for (const piece of this.#lines.push(chunk)) {
      if (!this.#mayKeep(this.#sizeOf(piece))) continue;
      if ("bytes" in piece) this.#chunks.push(piece.bytes);
      else this.#pass(this.#close(piece.line));
    }
  }

  /** A sentinel line that somebody waits for is kept no longer. */
  #sizeOf(piece: SentinelPiece): number {
    if ("bytes" in piece) return piece.bytes.length;
    return this.#deliver === undefined ? piece.line.length + lineBytes : 0;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunks.push(this.#lines.flush());
    if (this.#deliver !== undefined) this.#pass(this.#close(undefined));
  }

  #close(line: string | undefined): OutputSection {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    return { bytes, line };
  }

  #pass(section: OutputSection): void {
    const deliver = this.#deliver;
    this.#deliver = undefined;
    if (deliver === undefined) this.#sections.push(section);
    else deliver(section);
  }
}
