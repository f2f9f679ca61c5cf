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

/** Joins the entries that the engine made of long lines. A line that its writer never ended is one too. */
export async function* joinLines(entries: AsyncIterable<LogEntry>): AsyncGenerator<LogLine> {
  const open = { stdout: new OpenLine("stdout"), stderr: new OpenLine("stderr") };
  for await (const entry of entries) yield* open[entry.stream].add(entry);
  yield* open.stdout.end();
  yield* open.stderr.end();
}

class OpenLine {
  readonly #stream: LogLine["stream"];
  #timestamp = "";
  #pieces: Buffer[] = [];
  #size = 0;

  constructor(stream: LogLine["stream"]) {
    this.#stream = stream;
  }

  *add({ timestamp, bytes, endsLine }: LogEntry): Generator<LogLine> {
    // The pieces of a line have one time: this is another line, of a further run of the container.
    if (timestamp !== this.#timestamp) yield* this.end();
    this.#timestamp = timestamp;
    this.#pieces.push(bytes);
    this.#size += bytes.length;
    if (endsLine || this.#size >= maxLineBytes) yield* this.end();
  }

  *end(): Generator<LogLine> {
    if (this.#pieces.length === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    yield { stream: this.#stream, timestamp: this.#timestamp, bytes, text: bytes.toString() };
  }
}
