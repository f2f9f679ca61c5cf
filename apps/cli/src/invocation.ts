import type { Readable, Writable } from "node:stream";

/** A stream to show things on; `isTTY` on a terminal, which has a size. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  readonly fd?: number;
  /** Asks the system for the size, as Node does at SIGWINCH; it emits `resize` where it is another. */
  _refreshSize?(): void;
}

/** A stream to read from; `isTTY` on a terminal. */
export interface InputStream extends Readable {
  readonly isTTY?: boolean;
  readonly fd?: number;
}

/** Where signals come from: `process`. */
export interface SignalSource {
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

/** How a process of its own ended. */
export interface OwnProcess {
  /** 1 for one that was killed. */
  readonly exitCode: number;
  /** It did not answer a signal, or something else killed it. */
  readonly wasKilled: boolean;
  /** It has written its `result` line. */
  readonly isReported: boolean;
}

/** Everything that a run of `otto` takes from its process. */
export interface Invocation {
  /** Without the program. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the user's home. */
  readonly home: string;
  /** When the process began, or the one that it was started for: milliseconds since 1970. Default: now. */
  readonly startedAt?: number | undefined;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly signals: SignalSource;
  /** Ends the process at once, on the second signal. */
  readonly force: (exitCode: number) => void;
  /** Runs the same command line in a process of its own, for code that may block; absent in that process. */
  readonly runApart?: (() => Promise<OwnProcess>) | undefined;
}
