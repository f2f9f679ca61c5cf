import type pico from "picocolors";
import type { LogLevel } from "../arguments/global-options.js";

/** One object of `--json`, without its `schema`. */
export interface JsonRecord {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a record is about. */
export interface RecordPlace {
  readonly repo?: string;
  readonly parent?: string;
}

/** How things are told; the only way to stdout and stderr. Human and JSON reporters differ in what they show of each. */
export interface Reporter {
  /** Part of what was asked for: `text` to a person on stdout, `record` to a program. */
  item(text: string, record: JsonRecord): void;
  /** The title of the items to come, to a person. */
  heading(text: string): void;
  /** A line of something that runs, to a person, on stderr. */
  progress(text: string): void;
  /** Opens a place for what changes while it is looked at; undefined where nobody looks at a terminal. One at a time. */
  live(): Promise<LiveArea | undefined>;
  /** Runs what asks a person at the terminal; nothing that changes is drawn there meanwhile. */
  readonly undisturbed: <T>(ask: () => Promise<T>) => Promise<T>;
  /** What happened, to a program, with the time. */
  event(record: JsonRecord): void;
  /** What a command has changed, in one line: to a person on stderr, and `record` to a program. */
  summary(text: string, record: JsonRecord): void;
  /** For lines of a live area. */
  readonly paint: ReturnType<typeof pico.createColors>;
  /** Exact bytes of a command, to a person. */
  bytes(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** Something to know beside the result; a program gets `record`, where there is one. */
  notice(level: LogLevel, text: string, record?: JsonRecord): void;
  /** @param place where it happened, for a person who would not know it from the message */
  error(error: unknown, place?: RecordPlace): void;
  /** The last line: `record` for a program, `summary` for a person where there is one. */
  result(record: Readonly<Record<string, unknown>>, summary?: string): void;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Lines at the end of a terminal that are replaced as things go on; disposal removes them. */
export interface LiveArea extends Disposable {
  /** Draws what `render` gives from now on, and again as time goes on. It makes its text fit for a terminal itself. */
  show(render: (size: TerminalSize) => readonly string[]): void;
  /** Writes lines above it that stay. It makes its text fit for a terminal itself. */
  leave(render: (size: TerminalSize) => readonly string[]): void;
  /** Ends it, and leaves there what it would draw. */
  keep(): void;
}
