import type { Deadline } from "@otto/errors";
import { type RemoteProcess, type RunToEndOptions, runToEnd } from "ssh2-streamer";

/** A shell command line, or a program with its arguments, which needs no shell in the image. */
export type Command = string | readonly string[];

/** What became of a command. */
export interface CommandResult {
  /** 0 to 255; 128 + n after signal n; 124 when it timed out; 255 when nothing was told of its end, as `ssh` has it. */
  readonly exitCode: number;
  /** Exact bytes; empty when the output went elsewhere. */
  readonly stdout: Buffer;
  /** Exact bytes; empty when the output went elsewhere. */
  readonly stderr: Buffer;
  /** Whether the deadline ended it; the outputs then hold what came before. */
  readonly timedOut: boolean;
}

export const defaultTimeoutMs = 30_000;

/** As `timeout(1)` reports it. */
export const timedOutExitCode = 124;

/** @throws TypeError as {@link checkArgv} */
export function toArgv(command: Command): readonly string[] {
  return checkArgv(typeof command === "string" ? ["/bin/sh", "-c", command] : command);
}

/** @throws TypeError when `argv` is empty or an argument holds NUL, which no command can receive */
export function checkArgv(argv: readonly string[]): readonly string[] {
  if (argv.length === 0) throw new TypeError("a command needs at least its name");
  if (argv.some((word) => word.includes("\0"))) throw new TypeError("an argument must not hold NUL");
  return argv;
}

/** The result of a command whose time was over before it began. */
export function neverBegan(): CommandResult {
  return { exitCode: timedOutExitCode, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), timedOut: true };
}

/**
 * Runs a process to its end, or to that of the deadline.
 * @param start starts a process that is ended when the signal fires; `exit` then rejects with its reason
 */
export async function runWithin(
  deadline: Deadline,
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: Omit<RunToEndOptions, "signal" | "onAborted">,
): Promise<CommandResult> {
  const { exitCode, stdout, stderr } = await runToEnd(start, {
    ...options,
    signal: deadline.signal,
    onAborted: (outputs) => {
      if (!deadline.passed) throw deadline.signal.reason;
      return { exitCode: timedOutExitCode, ...outputs };
    },
  });
  return { exitCode, stdout, stderr, timedOut: deadline.passed };
}
