import type { LogEntry } from "@otto/engine";

/** One line that a container wrote. */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  /** When the engine got it: `2026-01-31T12:00:00.123456789Z`. */
  readonly timestamp: string;
  /** Exact, without the newline. */
  readonly bytes: Buffer;
  /** The bytes as UTF-8. */
  readonly text: string;
}

/** A longer line comes in pieces of about this: what never writes a newline must not fill the memory. */
const maxLineBytes = 1024 * 1024;

/**
 * Joins the entries that the engine made of long lines. A line that its writer never ended is one too.
 * @returns as many lines at a time as the entries ended
 */
export async function* joinLines(batches: AsyncIterable<readonly LogEntry[]>): AsyncGenerator<LogLine[]> {
  const open = { stdout: new OpenLine("stdout"), stderr: new OpenLine("stderr") };
  for await (const entries of batches) {
    const lines: LogLine[] = [];
    for (const entry of entries) open[entry.stream].add(entry, lines);
    if (lines.length > 0) yield lines;
  }
  const last: LogLine[] = [];
  open.stdout.end(last);
  open.stderr.end(last);
  if (last.length > 0) yield last;
}

class OpenLine {
  readonly #stream: LogLine["stream"];
  #timestamp = "";
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(stream: LogLine["stream"]) {
    this.#stream = stream;
  }

  /** @param lines gets what is a line by this entry */
  add({ timestamp, bytes, endsLine }: LogEntry, lines: LogLine[]): void {
    // The pieces of a line have one time: this is another line, of a further run of the container.
    if (timestamp !== this.#timestamp) this.end(lines);
    this.#timestamp = timestamp;
    this.#pieces.push(bytes);
    this.#size += bytes.length;
    if (endsLine || this.#size >= maxLineBytes) this.end(lines);
  }

  end(lines: LogLine[]): void {
    const [first, ...more] = this.#pieces;
    if (first === undefined) return;
    const bytes = more.length === 0 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    lines.push({ stream: this.#stream, timestamp: this.#timestamp, bytes, text: bytes.toString() });
  }
}
