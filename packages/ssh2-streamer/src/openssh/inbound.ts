import type { Readable } from "node:stream";
import type { ChunkFilter } from "../transport/transport.js";

/** Many small pieces cost more than their bytes. */
const mostPieces = 256;

/** What came for a stream that is not read as fast, and what the peer is told of it. */
export class Inbound {
  readonly #target: Readable;
  readonly #consume: (bytes: number) => void;
  readonly #filter: ChunkFilter | undefined;
  #held: Buffer[] = [];
  #isPaused = false;
  #hasEnded = false;

  /** @param consume called with what was taken: the peer may send as much more */
  constructor(target: Readable, consume: (bytes: number) => void, filter?: ChunkFilter) {
    this.#target = target;
    this.#consume = consume;
    this.#filter = filter;
  }

  push(chunk: Buffer): void {
    if (this.#target.destroyed) this.#consume(chunk.length);
    else if (this.#isPaused) this.#hold(chunk);
    else this.#deliver(chunk);
  }

  /** The peer sends no more. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#held.length === 0) this.#finish();
  }

  /** The stream is read. */
  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused) {
      const chunk = this.#held.shift();
      if (chunk === undefined) return;
      this.#deliver(chunk);
      if (this.#held.length === 0 && this.#hasEnded) this.#finish();
    }
  }

  /** The stream is read no more. */
  drop(): void {
    for (const chunk of this.#held.splice(0)) this.#consume(chunk.length);
  }

  #hold(chunk: Buffer): void {
    this.#held.push(chunk);
    if (this.#held.length > mostPieces) this.#held = [Buffer.concat(this.#held)];
  }

  #deliver(chunk: Buffer): void {
    this.#consume(chunk.length);
    this.#pass(this.#filter === undefined ? chunk : this.#filter.push(chunk));
  }

  #pass(chunk: Buffer): void {
    if (chunk.length > 0 && !this.#target.push(chunk)) this.#isPaused = true;
  }

  #finish(): void {
    if (this.#target.destroyed) return;
    if (this.#filter !== undefined) this.#pass(this.#filter.flush());
    this.#target.push(null);
  }
}
