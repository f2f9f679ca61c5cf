import { constants } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { anySignal } from "@otto/errors";
import type { ProcessExit, RemoteProcess } from "./command.js";
import { type CommandOutput, OutputBudget, type OutputReader, readOutputs } from "./command-output.js";

/** Where the stdin of a command comes from. */
export type StdinSource = string | Uint8Array | Readable;

export interface RunToEndOptions {
  /** What runs and where, for messages: `docker ps on parent`. */
  readonly label: string;
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: StdinSource | undefined;
  /** Takes the output as it comes; the result's is then empty. Default: the result has it. */
  readonly output?: CommandOutput | undefined;
  /** Of stdout and stderr together, as far as the result has them. Default 64 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /** What is ended when the source of stdin fails: the command, or its stdin alone, for it to see. Default `command`. */
  readonly brokenStdinEnds?: "command" | "stdin" | undefined;
  /** Ends the command. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the result of a command that the signal ended, of what it had said. Default: the signal's reason is thrown. */
  readonly onAborted?: ((outputs: RunOutputs) => RunResult) | undefined;
}

export interface RunOutputs {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** How a command ended, and what it said to the byte. */
export interface RunResult extends RunOutputs {
  /** 0 to 255; 128 + n after signal n; 255 when its channel was closed without a word, as `ssh` has it. */
  readonly exitCode: number;
  readonly signal?: string | undefined;
}

/**
 * Runs a process to its end and keeps its output; the half of `exec` that every kind of host shares.
 * @param start starts the process such that it is ended when the signal fires, and `exit` then rejects with its reason
 * @throws OttoError `COMMAND_OUTPUT_LIMIT`, or what `start` and `exit` throw
 */
export async function runToEnd(
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: RunToEndOptions,
): Promise<RunResult> {
  const { label, stdin, output, maxOutputBytes: maxBytes, brokenStdinEnds, signal, onAborted } = options;
  // A source may break before the process has started: `feedStdin` finds that.
  if (stdin instanceof Readable) stdin.on("error", () => {});
  const spent = new AbortController();
  const budget = new OutputBudget({ maxBytes, label, onSpent: (error) => spent.abort(error) });
  const ending = anySignal(spent.signal, signal);
  let readers: readonly [OutputReader, OutputReader] | undefined;
  try {
    const process = await start(ending);
    readers = readOutputs(process, output, budget);
    const [, fed] = await Promise.allSettled([process.exit, feedStdin(process, stdin, brokenStdinEnds)]);
    // Ending the command for it must not hide that the source failed.
    if (fed.status === "rejected" && !ending.aborted) throw fed.reason;
    const exit = await process.exit;
    await Promise.all(readers.map((reader) => reader.finished()));
    // The last bytes may come behind the end of the process.
    spent.signal.throwIfAborted();
    return { exitCode: toExitCode(exit), ...(exit.signal && { signal: exit.signal }), ...outputsOf(readers) };
  } catch (error) {
    if (signal?.aborted && !spent.signal.aborted && onAborted !== undefined) return onAborted(outputsOf(readers));
    throw error;
  }
}

const nothing: Buffer = Buffer.alloc(0);

function outputsOf(readers: readonly OutputReader[] = []): RunOutputs {
  const [stdout = nothing, stderr = nothing] = readers.map(({ bytes }) => bytes);
  return { stdout, stderr };
}

/** A command may end without reading all of its stdin, which is its right. A source that fails ends it, or its stdin. */
async function feedStdin(
  process: RemoteProcess,
  stdin: StdinSource | undefined,
  brokenStdinEnds: RunToEndOptions["brokenStdinEnds"] = "command",
): Promise<void> {
  const endsCommand = brokenStdinEnds === "command";
  const source = stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [stdin]);
  try {
    await pipeline(source, process.stdin, { end: endsCommand });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
    if (endsCommand) process.kill("SIGKILL");
    throw error;
  } finally {
    if (!endsCommand) process.stdin.end();
  }
}

/** As shells count: 128 + the signal's number; 255 where nothing was told, as `ssh` has it. */
export function toExitCode({ exitCode, signal }: ProcessExit): number {
  if (exitCode !== undefined) return exitCode;
  const number = constants.signals[signal as NodeJS.Signals] as number | undefined;
  return number === undefined ? 255 : 128 + number;
}
