import type { Readable } from "node:stream";

export interface MarkedPiece {
  /** What came before the marker. */
  readonly bytes: Buffer;
  /** The marker that was met; undefined when the stream ended without one. */
  readonly marker: string | undefined;
  /** The number after the marker. */
  readonly exitCode: number | undefined;
}

/** Cuts a stream at `<marker> <exit code>\n`. One caller at a time. */
export class MarkedOutput {
  #held: Buffer[] = [];
  #ended = false;
  #look: (() => void) | undefined;

  constructor(stream: Readable) {
    stream.on("data", (chunk: Buffer) => {
      this.#held.push(chunk);
      this.#look?.();
    });
    const end = () => {
      this.#ended = true;
      this.#look?.();
    };
    for (const event of ["end", "close", "error"]) stream.once(event, end);
  }

  /** What comes before the first of `markers`, or all that comes when the stream ends without them. */
  until(markers: readonly string[]): Promise<MarkedPiece> {
    let looked = 0;
    return new Promise((resolve) => {
      this.#look = () => {
        const bytes = Buffer.concat(this.#held);
        this.#held = [bytes];
        const piece = findMarker(bytes, markers, looked) ?? (this.#ended ? unmarked(bytes) : undefined);
        looked = Math.max(0, bytes.length - longestMark);
        if (piece === undefined) return;
        this.#look = undefined;
        this.#held = [bytes.subarray(piece.end)];
        resolve(piece);
      };
      this.#look();
    });
  }
}

/** A marker of 32 characters, a space, three digits and a newline, with room to spare. */
const longestMark = 64;

function findMarker(
  bytes: Buffer,
  markers: readonly string[],
  from: number,
): (MarkedPiece & { end: number }) | undefined {
  for (const marker of markers) {
    const at = bytes.indexOf(`${marker} `, from);
    const newline = at === -1 ? -1 : bytes.indexOf("\n", at);
    if (newline === -1) continue;
    const exitCode = Number(bytes.toString("latin1", at + marker.length, newline));
    return { bytes: bytes.subarray(0, at), marker, exitCode, end: newline + 1 };
  }
  return undefined;
}

function unmarked(bytes: Buffer): MarkedPiece & { end: number } {
  return { bytes, marker: undefined, exitCode: undefined, end: bytes.length };
}
