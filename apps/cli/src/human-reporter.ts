import { createColors } from "picocolors";
import { describeError, formatTrace } from "./error-text.js";
import { isShown, type LogLevel } from "./global-options.js";
import type { OutputStream } from "./invocation.js";
import type { Reporter } from "./reporter.js";

export interface HumanReporterOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly logLevel: LogLevel;
  /** Colour on stderr. */
  readonly color: boolean;
}

/** Results on stdout; everything else on stderr. */
export function createHumanReporter({ stdout, stderr, logLevel, color }: HumanReporterOptions): Reporter {
  const paint = createColors(color);
  const tell = (text: string) => void stderr.write(`${text}\n`);
  return {
    item: (text) => void stdout.write(`${text}\n`),
    heading: (text) => void stdout.write(`${text}\n`),
    progress: (text) => {
      if (isShown("info", logLevel) && text !== "") tell(paint.dim(text));
    },
    bytes: (stream, bytes) => void (stream === "stdout" ? stdout : stderr).write(bytes),
    notice: (level, text) => {
      if (isShown(level, logLevel)) tell(`${level === "warn" ? paint.yellow("warning:") : `${level}:`} ${text}`);
    },
    error: (error) => {
      const { message, hint } = describeError(error);
      tell(`${paint.red("error:")} ${message}`);
      if (hint !== undefined) tell(`${paint.cyan("hint:")} ${hint}`);
      if (logLevel === "debug") tell(formatTrace(error));
    },
    result: () => {},
  };
}
