import { randomBytes } from "node:crypto";

/** A piece of a stream: bytes of it, or what stood behind the sentinel on a line that begins with it. */
export type SentinelPiece = { readonly bytes: Buffer } | { readonly line: string };

/** Makes a sentinel that no output holds by chance: 32 hexadecimal digits. */
export function createSentinel(): string {
  return randomBytes(16).toString("hex");
}

const longestLine = 4096;

/** Takes `<sentinel> …\n` out of a stream, wherever in a line it begins; bytes are held back only while they may be one. */
export class SentinelLines {
  readonly #sentinel: Buffer;
  #held = Buffer.alloc(0);

  constructor(sentinel: string) {
    this.#sentinel = Buffer.from(sentinel);
  }

  *push(chunk: Buffer): Generator<SentinelPiece> {
    let rest: Buffer = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      const at = rest.indexOf(this.#sentinel);
      const end = at === -1 ? -1 : rest.indexOf("\n", at);
      if (end === -1) break;
      if (at > 0) yield { bytes: rest.subarray(0, at) };
      yield { line: rest.toString("latin1", at + this.#sentinel.length, end).trim() };
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

  /** How many of the last bytes may be the beginning of a sentinel line. */
  #unsafeLength(bytes: Buffer): number {
    const at = bytes.indexOf(this.#sentinel);
    // So long a line is no sentinel line, whatever it begins with.
    if (at !== -1) return bytes.length - at > longestLine ? 0 : bytes.length - at;
    let length = Math.min(this.#sentinel.length - 1, bytes.length);
    while (length > 0 && !bytes.subarray(-length).equals(this.#sentinel.subarray(0, length))) length -= 1;
    return length;
  }
}
