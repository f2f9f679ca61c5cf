import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import { type LogLine, parseLogTime } from "@otto/docker";
import { OttoError } from "@otto/errors";
import type { LogFlags } from "../arguments/log-options.js";
import type { Session } from "../session.js";
import type { JsonRecord } from "./reporter.js";

/** How a line is shown: `label` before it to a person, `record` beside it to a program. */
export interface LineDress {
  readonly label: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Shows lines until there are no more or a signal comes, as fast as they are taken from us. */
export async function showLines<Line extends LogLine>(
  session: Session,
  lines: AsyncIterable<Line>,
  { timestamps, dress }: Pick<LogFlags, "timestamps"> & { readonly dress: (line: Line) => LineDress },
): Promise<void> {
  const { stdout } = session.invocation;
  const together = new BytesTogether((bytes) => session.reporter.bytes("stdout", bytes));
  try {
    for await (const line of lines) {
      const { label, record } = dress(line);
      if (session.options.json) session.reporter.item("", toRecord(line, record));
      else together.add(Buffer.from(timestamps === true ? `${label}${line.timestamp} ` : label), line.bytes, newline);
      if (stdout.writableNeedDrain) await once(stdout, "drain", { signal: session.signal });
    }
  } catch (error) {
    // The usual end of following.
    if (!session.signal.aborted) throw error;
  } finally {
    together.flush();
  }
}

const newline = Buffer.from("\n");
const mostBytes = 1 << 16;

/** Writes what comes in one turn of the event loop at once: each write of its own would cost a system call. */
class BytesTogether {
  readonly #write: (bytes: Buffer) => void;
  #pieces: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Immediate | undefined;

  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  add(...pieces: readonly Buffer[]): void {
    this.#timer ??= setImmediate(() => this.flush());
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#size += piece.length;
    }
    if (this.#size >= mostBytes) this.flush();
  }

  flush(): void {
    clearImmediate(this.#timer);
    this.#timer = undefined;
    if (this.#size > 0) this.#write(Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#size = 0;
  }
}

/** @throws `CLI_USAGE` for a `--since` or `--until` that is no time, and for `--until` with `--follow` */
export function checkLogFlags({ since, until, follow }: LogFlags): void {
  for (const [name, time] of Object.entries({ since, until })) {
    try {
      if (time !== undefined) parseLogTime(time, () => new Date(0));
    } catch (error) {
      throw new OttoError("CLI_USAGE", `--${name}: ${(error as Error).message}`, {
        hint: "See otto --help.",
        cause: error,
      });
    }
  }
  if (until === undefined || follow !== true) return;
  throw new OttoError("CLI_USAGE", "--until ends what --follow would go on with", { hint: "Leave one of them out." });
}

/** Text where it is text, else base64. */
function toRecord({ stream, timestamp, bytes }: LogLine, record: LineDress["record"]): JsonRecord {
  const encoding = isUtf8(bytes) ? "utf8" : "base64";
  return { type: "log", ...record, stream, timestamp, encoding, line: bytes.toString(encoding) };
}
