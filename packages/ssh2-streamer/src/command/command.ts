import type { Readable, Writable } from "node:stream";
import type { StartOptions } from "./command-line.js";

/** How a process ended. `exitCode` is undefined when a signal ended it. */
export interface ProcessExit {
  readonly exitCode: number | undefined;
  /** `SIGTERM`, … */
  readonly signal?: string | undefined;
}

/** A process that runs elsewhere (or here). Read or destroy `stdout` and `stderr`: unread output stops the process. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Rejects when the way to the process is lost before it ended; a rejection nobody waits for is no unhandled one. */
  readonly exit: Promise<ProcessExit>;
  /** Sends a signal to the process and its children. Default `SIGTERM`. */
  kill(signal?: NodeJS.Signals): void;
  /** Tells a process with a terminal its new size; nothing for others. */
  resize(columns: number, rows: number): void;
}

/** What a finished command said, to the byte. */
export interface CommandResult {
  /** 128 + the signal's number when a signal ended the command, as shells count; 255 when its channel was closed without a word, as `ssh` has it. */
  readonly exitCode: number;
  readonly signal?: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** The `TERM` variable. Default `xterm-256color`. */
  readonly term?: string | undefined;
}

export interface SpawnOptions extends StartOptions {
  /** Variables to add. They are part of the remote command line, which other users of the machine may see: no secrets. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Ends the process, children included, and makes `exit` reject with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the process a terminal; `stderr` then is empty. */
  readonly terminal?: Terminal | undefined;
  /** `short`: ends by itself soon. `long`: may hold a session for as long as it likes (a shell, logs, a lock). Default `long`. */
  readonly lifetime?: "short" | "long" | undefined;
}

export interface ExecOptions {
  /** Default: empty. */
  readonly stdin?: Buffer | string | Readable | undefined;
  readonly env?: SpawnOptions["env"];
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Ends the command and throws `COMMAND_TIMED_OUT`. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Of stdout and stderr together; beyond it the command is ended and `COMMAND_OUTPUT_LIMIT` thrown. Default 64 MiB. */
  readonly maxOutputBytes?: number | undefined;
}
