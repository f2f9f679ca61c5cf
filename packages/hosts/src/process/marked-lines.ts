import { randomBytes } from "node:crypto";

/** A piece of a stream: bytes of it, or what stood behind the mark on a line that begins with it. */
export type MarkedPiece = { readonly bytes: Buffer } | { readonly line: string };

/** Makes a mark that no output holds by chance: 32 hexadecimal digits. */
export function createMark(): string {
  return randomBytes(16).toString("hex");
}

const longestLine = 4096;

/** Takes `<mark> …\n` out of a stream, wherever in a line it begins; bytes are held back only while they may be one. */
export class MarkedLines {
  readonly #mark: Buffer;
  #held = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark);
  }

  *push(chunk: Buffer): Generator<MarkedPiece> {
    let rest: Buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      const at = rest.indexOf(this.#mark);
      const end = at === -1 ? -1 : rest.indexOf("\n", at);
      if (end === -1) break;
      if (at > 0) yield { bytes: rest.subarray(0, at) };
      yield { line: rest.toString("latin1", at + this.#mark.length, end).trim() };
      rest = rest.subarray(end + 1);
    }
    const safe = rest.length - this.#unsafeLength(rest);
    if (safe > 0) yield { bytes: rest.subarray(0, safe) };
    this.#held = Buffer.from(rest.subarray(safe));
  }

  /** What is still held when the stream ends. */
  flush(): Buffer {
    return this.#held;
  }

  /** How many of the last bytes may be the beginning of a marked line. */
  #unsafeLength(bytes: Buffer): number {
    const at = bytes.indexOf(this.#mark);
    // So long a line is no marked one, whatever it begins with.
    if (at !== -1) return bytes.length - at > longestLine ? 0 : bytes.length - at;
    let length = Math.min(this.#mark.length - 1, bytes.length);
    while (length > 0 && !bytes.subarray(-length).equals(this.#mark.subarray(0, length))) length -= 1;
    return length;
  }
}
