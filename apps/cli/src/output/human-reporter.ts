import { escapeControls, isOttoError } from "@otto/errors";
import pico from "picocolors";
import { isShown, type LogLevel } from "../arguments/global-options.js";
import type { OutputStream } from "../invocation.js";
import { describeError, errorLabel, formatTrace, nameLab } from "./error-text.js";
import type { TerminalArea } from "./live-area.js";
import type { Reporter } from "./reporter.js";

export interface HumanReporterOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly logLevel: LogLevel;
  /** Colour on stderr. */
  readonly color: boolean;
  /** Whether somebody watches stderr. */
  readonly isTerminal: boolean;
  /** Of `--lab`: commands in hints name it. */
  readonly lab?: string | undefined;
}

// The end of what a failed tool said holds the reason.
const shownOutputLines = 20;

/** Results on stdout; everything else on stderr. All but bytes of commands is made fit for a terminal here. */
export function createHumanReporter(options: HumanReporterOptions): Reporter {
  const { stdout, stderr, logLevel, color } = options;
  const paint = pico.createColors(color);
  const labels: Readonly<Record<LogLevel, string>> = {
    debug: "debug:",
    info: "info:",
    warn: paint.yellow("warning:"),
    error: paint.red("error:"),
  };
  const told = new RecentLines();
  let area: TerminalArea | undefined;
  const write = (stream: OutputStream, bytes: string | Uint8Array) => {
    if (area === undefined) stream.write(bytes);
    else area.aside(() => stream.write(bytes));
  };
  const tell = (text: string, dress = (shown: string) => shown) => write(stderr, `${dress(escapeControls(text))}\n`);
  const show = (text: string) => write(stdout, `${escapeControls(text)}\n`);
  const summary = (text: string) => {
    if (isShown("info", logLevel)) tell(text, paint.bold);
  };
  return {
    item: show,
    heading: show,
    live: async () => {
      if (!options.isTerminal || !isShown("info", logLevel)) return undefined;
      const { createLiveArea } = await import("./live-area.js");
      area = createLiveArea(stderr, () => {
        area = undefined;
      });
      return area;
    },
    undisturbed: async (ask) => {
      using _ = area?.hold();
      return await ask();
    },
    progress: (text) => {
      if (!isShown("info", logLevel)) return;
      told.add(text);
      tell(text, paint.dim);
    },
    event: () => {},
    summary,
    paint,
    bytes: (stream, bytes) => write(stream === "stdout" ? stdout : stderr, bytes),
    notice: (level, text) => {
      if (isShown(level, logLevel)) tell(text, (shown) => `${labels[level]} ${shown}`);
    },
    error: (error, { parent = "" } = {}) => {
      const described = nameLab(describeError(error), options.lab);
      const { hint } = described;
      const message = described.message.includes(parent) ? described.message : `${parent}: ${described.message}`;
      const label = escapeControls(errorLabel(described), { line: true });
      tell(message, (shown) => `${paint.red(label)} ${shown}`);
      const news = outputOf(error).filter((line) => !message.endsWith(line.trim()) && !told.has(line));
      for (const line of news.slice(-shownOutputLines)) tell(`  ${line}`, paint.dim);
      if (hint !== undefined) tell(hint, (shown) => `${paint.cyan("hint:")} ${shown}`);
      if (logLevel === "debug") tell(formatTrace(error));
    },
    result: (_record, text) => {
      if (text !== undefined) summary(text);
    },
  };
}

/** What a tool said before it failed. */
function outputOf(error: unknown): readonly string[] {
  const output = isOttoError(error) ? error.details?.output : undefined;
  return typeof output === "string" ? output.trimEnd().split("\n") : [];
}

/** The last lines that were shown, so that an error does not repeat them. */
class RecentLines {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 500) this.#lines.shift();
  }

  has(line: string): boolean {
    return this.#lines.some((told) => told.endsWith(line.trim()));
  }
}
