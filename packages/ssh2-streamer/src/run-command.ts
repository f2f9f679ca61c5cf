import { constants } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { anySignal, OttoError, startDeadline } from "@otto/errors";
import type { CommandResult, ExecOptions, ProcessExit, RemoteProcess } from "./command.js";

const defaultMaxOutputBytes = 64 << 20;

/**
 * Runs a process to its end and keeps its output; the half of `exec` that every kind of host shares.
 *
 * @param start starts the process such that it is ended when the signal fires, and `exit` then rejects with its reason
 * @param label what runs and where, for messages: `docker ps on parent`
 * @throws OttoError `COMMAND_TIMED_OUT`, `COMMAND_OUTPUT_LIMIT`, or what `start` and `exit` throw
 */
export async function runCommand(
  start: (signal: AbortSignal) => Promise<RemoteProcess>,
  options: ExecOptions,
  label: string,
): Promise<CommandResult> {
  using ending = createEnding(options, label);
  // A source may break before the process has started: `feed` finds that.
  if (options.stdin instanceof Readable) options.stdin.on("error", () => {});
  const process = await start(ending.signal);
  const limit = options.maxOutputBytes ?? defaultMaxOutputBytes;
  const onLimit = () => ending.stop(outputError(label, limit));
  const [stdout, stderr, exit] = await settleAll([
    collect(process.stdout, limit, onLimit),
    collect(process.stderr, limit, onLimit),
    process.exit,
    feed(process, options.stdin),
  ]);
  return { exitCode: toExitCode(exit), ...(exit.signal === undefined ? {} : { signal: exit.signal }), stdout, stderr };
}

type Parts = readonly [Promise<Buffer>, Promise<Buffer>, Promise<ProcessExit>, Promise<void>];

// All parts end before the call does: nothing of it goes on behind the caller's back. How the process ended explains
// the streams' errors, not the other way round.
async function settleAll(parts: Parts): Promise<[Buffer, Buffer, ProcessExit]> {
  await Promise.allSettled(parts);
  const exit = await parts[2];
  await parts[3];
  return [await parts[0], await parts[1], exit];
}

async function collect(stream: Readable, limit: number, onLimit: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else onLimit();
  }
  return Buffer.concat(chunks);
}

async function feed(process: RemoteProcess, stdin: ExecOptions["stdin"]): Promise<void> {
  if (stdin === undefined || typeof stdin === "string" || Buffer.isBuffer(stdin)) {
    process.stdin.end(stdin ?? "");
    return;
  }
  try {
    await pipeline(stdin, process.stdin);
  } catch (error) {
    // The command ended without reading it all, which is its right.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") {
      process.kill("SIGKILL");
      throw error;
    }
  }
}

function toExitCode({ exitCode, signal }: ProcessExit): number {
  if (exitCode !== undefined) return exitCode;
  const number = constants.signals[signal as NodeJS.Signals] as number | undefined;
  return number === undefined ? 255 : 128 + number;
}

function createEnding({ signal, timeoutMs = Number.POSITIVE_INFINITY }: ExecOptions, label: string) {
  const stopping = new AbortController();
  const deadline = startDeadline(timeoutMs, anySignal(stopping.signal, signal), () => timeoutError(label, timeoutMs));
  return {
    signal: deadline.signal,
    stop: (reason: OttoError) => stopping.abort(reason),
    [Symbol.dispose]: () => deadline[Symbol.dispose](),
  };
}

function timeoutError(label: string, timeoutMs: number): OttoError {
  return new OttoError("COMMAND_TIMED_OUT", `${label}: not done within ${timeoutMs} ms; it was ended`, {
    details: { timeoutMs },
  });
}

function outputError(label: string, limit: number): OttoError {
  return new OttoError("COMMAND_OUTPUT_LIMIT", `${label}: more than ${limit} bytes of output; it was ended`, {
    hint: "Stream the output instead, or allow more.",
    details: { limit },
  });
}
