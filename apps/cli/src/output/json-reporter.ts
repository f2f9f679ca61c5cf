import { escapeControls } from "@otto/errors";
import pico from "picocolors";
import { isShown, type LogLevel } from "../arguments/global-options.js";
import type { OutputStream } from "../invocation.js";
import { errorRecord, formatTrace } from "./error-text.js";
import type { JsonRecord, Reporter } from "./reporter.js";

export interface JsonReporterOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly logLevel: LogLevel;
  /** Of `--lab`: commands in hints name it. */
  readonly lab?: string | undefined;
}

/** One object a line on stdout, and nothing else there; what a terminal would obey is escaped, as JSON may have it. */
export function createJsonReporter({ stdout, stderr, logLevel, lab }: JsonReporterOptions): Reporter {
  const write = ({ type, ...rest }: JsonRecord) =>
    void stdout.write(`${escapeControls(JSON.stringify({ type, schema: 1, ...rest }))}\n`);
  const writeNow = ({ type, ...rest }: JsonRecord) => write({ type, time: new Date().toISOString(), ...rest });
  return {
    item: (_text, record) => write(record),
    heading: () => {},
    progress: () => {},
    live: async () => undefined,
    undisturbed: (ask) => ask(),
    event: (record) => {
      if (isShown("info", logLevel)) writeNow(record);
    },
    summary: (_text, record) => {
      if (isShown("info", logLevel)) writeNow(record);
    },
    paint: pico.createColors(false),
    bytes: () => {},
    notice: (level, text, record) => {
      if (isShown(level, logLevel)) writeNow(record ?? { type: "notice", level, text });
    },
    error: (error, place) => {
      writeNow({ ...errorRecord(error, lab), ...place });
      if (logLevel === "debug") stderr.write(`${escapeControls(formatTrace(error))}\n`);
    },
    result: (record) => writeNow({ type: "result", ...record }),
  };
}
