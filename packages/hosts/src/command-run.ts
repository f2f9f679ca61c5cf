import { constants } from "node:os";
import { Readable } from "node:stream";
import { type Deadline, startDeadline } from "@otto/errors";
import type { ProcessExit, RemoteProcess } from "ssh2-streamer";
import { type CommandOutput, type CommandResult, defaultTimeoutMs, timedOutExitCode } from "./command.js";
import { type OutputReader, readOutputs } from "./output-reader.js";
import { feedStdin, type StdinSource } from "./stdin-feed.js";

export interface RunToEndOptions {
  readonly stdin?: StdinSource | undefined;
  readonly output?: CommandOutput | undefined;
  /** Milliseconds; `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a process to its end and keeps its output.
 * @param start starts a process that is ended when the signal fires; `exit` then rejects with its reason
 */
export async function runToEnd(
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: RunToEndOptions,
): Promise<CommandResult> {
  using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
  return await runWithin(deadline, start, options);
}

/** The same within a limit that has begun. */
export async function runWithin(
  deadline: Deadline,
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: Pick<RunToEndOptions, "stdin" | "output">,
): Promise<CommandResult> {
  // A source may break before the process has started: `feedStdin` finds that.
  if (options.stdin instanceof Readable) options.stdin.on("error", () => {});
  let readers: readonly [OutputReader, OutputReader] | undefined;
  const resultOf = (exitCode: number, timedOut: boolean): CommandResult => {
    const [stdout = nothing, stderr = nothing] = readers?.map(({ bytes }) => bytes) ?? [];
    return { exitCode, stdout, stderr, timedOut };
  };
  try {
    const process = await start(deadline.signal);
    readers = readOutputs(process, options.output);
    const feeding = feedStdin(process, options.stdin);
    const [, fed] = await Promise.allSettled([process.exit, feeding]);
    // Ending the command for it must not hide that the source failed.
    if (fed.status === "rejected" && !deadline.signal.aborted) throw fed.reason;
    const exit = await process.exit;
    await Promise.all(readers.map((reader) => reader.finished()));
    return resultOf(toExitCode(exit), false);
  } catch (error) {
    if (deadline.passed) return resultOf(timedOutExitCode, true);
    throw error;
  }
}

const nothing: Buffer = Buffer.alloc(0);

/** As shells count: 128 + the signal's number. */
export function toExitCode({ exitCode, signal }: ProcessExit): number {
  if (exitCode !== undefined) return exitCode;
  const number = constants.signals[signal as NodeJS.Signals];
  return 128 + (number ?? 0);
}
