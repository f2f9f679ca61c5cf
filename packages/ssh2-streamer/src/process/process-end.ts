import type { ProcessExit } from "../command/command.js";

/** How a process ends, told once to everyone who waits. */
export interface ProcessEnd {
  /** Settles first of all; nobody has to wait for it. */
  readonly exit: Promise<ProcessExit>;
  /** Resolves when the process is known to be gone, or can no longer be known. */
  readonly gone: Promise<void>;
  /** The server told how the process ended. */
  note(exit: ProcessExit): void;
  /** The server told that there was no process. */
  noteFailure(error: unknown): void;
  /** From now on the process is being ended by us: its own end is no result. */
  beginEnding(): void;
  fail(error: unknown): void;
}

/** Makes the end of one process. */
export function createProcessEnd(): ProcessEnd {
  let isEnding = false;
  let resolveExit: (exit: ProcessExit) => void = () => {};
  let rejectExit: (error: unknown) => void = () => {};
  let resolveGone: () => void = () => {};
  const exit = new Promise<ProcessExit>((resolve, reject) => {
    resolveExit = resolve;
    rejectExit = reject;
  });
  exit.catch(() => {});
  const gone = new Promise<void>((resolve) => {
    resolveGone = resolve;
  });
  return {
    exit,
    gone,
    note: (result) => {
      resolveGone();
      if (!isEnding) resolveExit(result);
    },
    noteFailure: (error) => {
      resolveGone();
      if (!isEnding) rejectExit(error);
    },
    beginEnding: () => {
      isEnding = true;
    },
    fail: (error) => {
      resolveGone();
      rejectExit(error);
    },
  };
}
