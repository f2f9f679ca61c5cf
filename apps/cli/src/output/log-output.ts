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
  try {
    for await (const line of lines) {
      const { label, record } = dress(line);
      if (session.options.json) session.reporter.item("", toRecord(line, record));
      else session.reporter.bytes("stdout", toBytes(line, timestamps === true ? `${label}${line.timestamp} ` : label));
      if (stdout.writableNeedDrain) await once(stdout, "drain", { signal: session.signal });
    }
  } catch (error) {
    // The usual end of following.
    if (!session.signal.aborted) throw error;
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

function toBytes({ bytes }: LogLine, label: string): Buffer {
  return Buffer.concat([Buffer.from(label), bytes, Buffer.from("\n")]);
}

/** Text where it is text, else base64. */
function toRecord({ stream, timestamp, bytes }: LogLine, record: LineDress["record"]): JsonRecord {
  const encoding = isUtf8(bytes) ? "utf8" : "base64";
  return { type: "log", ...record, stream, timestamp, encoding, line: bytes.toString(encoding) };
}
