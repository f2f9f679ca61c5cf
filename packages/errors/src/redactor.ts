import { redacted, type Secret } from "./secret.js";
import { secretForms } from "./secret-forms.js";

/** Takes secrets out of text that has no control characters any more. */
export interface Redactor {
  redact(text: string): string;
  /** For text that comes in parts. */
  open(): RedactedText;
}

/** Text that comes in parts, of which a secret may be cut by several. */
export interface RedactedText {
  /** @returns what can be shown by now: up to 64 characters that a secret may begin with wait for the next part */
  write(part: string): string;
  /** @returns what still waited */
  end(): string;
}

/** A form longer than this is searched for in pieces, so that little has to wait and a part of one is found, too. */
const longestPiece = 64;
const shortestPiece = 4;

/**
 * A redactor of these secrets in each of their forms: whole and trimmed, each line of 6 characters and more, escaped as
 * in JSON, base64 (both alphabets, within other bytes, in lines of 76 and 64), URL-encoded. Those of fewer than 4
 * characters are left in: {@link isRedactable} tells.
 */
export function createRedactor(secrets: readonly Secret[]): Redactor {
  const pieces = new SortedPieces(secrets.flatMap((secret) => [...secretForms(secret)].flatMap(cut)));
  return {
    redact(text) {
      const whole = new PartwiseText(pieces);
      return whole.write(text) + whole.end();
    },
    open: () => new PartwiseText(pieces),
  };
}

function cut(form: string): string[] {
  const count = Math.ceil(form.length / longestPiece);
  const pieces = Array.from({ length: count }, (_, n) => form.slice(n * longestPiece, (n + 1) * longestPiece));
  if (count > 1) pieces[count - 1] = form.slice(-longestPiece);
  return pieces.map((piece) => piece.trim()).filter((piece) => piece.length >= shortestPiece);
}

class PartwiseText implements RedactedText {
  readonly #pieces: SortedPieces;
  /** What waits: the beginning of a piece, perhaps. */
  #waiting = "";
  /** So many characters from the beginning of `#waiting` belong to a secret. */
  #covered = 0;
  #isRedacting = false;

  constructor(pieces: SortedPieces) {
    this.#pieces = pieces;
  }

  write(part: string): string {
    return this.#pieces.isEmpty ? part : this.#take(part, false);
  }

  end(): string {
    return this.#take("", true);
  }

  #take(part: string, isEnd: boolean): string {
    const text = this.#waiting + part;
    let covered = this.#covered;
    let shown = "";
    let at = 0;
    for (; at < text.length; at++) {
      const { length, isCut } = this.#pieces.longestAt(text, at);
      if (isCut && !isEnd) break;
      if (length === 0 || at + length <= covered) continue;
      if (at > covered) shown += this.#show(text.slice(covered, at));
      if (!this.#isRedacting) shown += redacted;
      this.#isRedacting = true;
      covered = at + length;
    }
    if (at > covered) shown += this.#show(text.slice(covered, at));
    this.#waiting = text.slice(at);
    this.#covered = Math.max(0, covered - at);
    return shown;
  }

  #show(clear: string): string {
    this.#isRedacting = false;
    return clear;
  }
}

interface Found {
  /** Of the longest piece; 0: there is none. */
  readonly length: number;
  /** Whether the text ends within a piece that is longer. */
  readonly isCut: boolean;
}

const nothing: Found = { length: 0, isCut: false };

/** Texts of 4 to 64 characters, sorted: those that begin alike stand together, and the shorter ones first. */
class SortedPieces {
  readonly #sorted: readonly string[];
  /** By what their first 4 characters amount to: whether there may be one. Nearly all of a text ends its search here. */
  readonly #heads: Uint8Array;

  constructor(pieces: readonly string[]) {
    this.#sorted = [...new Set(pieces)].sort();
    this.#heads = new Uint8Array(2 ** Math.ceil(Math.log2(this.#sorted.length * 16 + 1)));
    for (const piece of this.#sorted) this.#heads[this.#headOf(piece, 0)] = 1;
  }

  get isEmpty(): boolean {
    return this.#sorted.length === 0;
  }

  longestAt(text: string, at: number): Found {
    if (at + shortestPiece <= text.length && this.#heads[this.#headOf(text, at)] === 0) return nothing;
    let [low, high, length] = [0, this.#sorted.length, 0];
    for (let depth = 0; low < high; depth++) {
      if (this.#sorted[low]?.length === depth) {
        length = depth;
        low++;
      }
      if (low < high && at + depth >= text.length) return { length, isCut: true };
      const code = text.charCodeAt(at + depth);
      low = this.#findBeyond(code - 1, depth, { low, high });
      high = this.#findBeyond(code, depth, { low, high });
    }
    return { length, isCut: false };
  }

  #headOf(text: string, at: number): number {
    let head = 0;
    for (let next = at; next < at + shortestPiece; next++) head = Math.imul(head, 0x01000193) ^ text.charCodeAt(next);
    return (head ^ (head >>> 15)) & (this.#heads.length - 1);
  }

  /** The first of some pieces, sorted by their character at `depth`, whose character is beyond `code`. */
  #findBeyond(code: number, depth: number, { low, high }: { readonly low: number; readonly high: number }): number {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#sorted[middle]?.charCodeAt(depth) ?? Number.NaN) > code) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
