import type { Readable, Writable } from "node:stream";
import { abortable, type Grace, startGrace } from "@otto/errors";
import { Collector, OutputBudget } from "ssh2-streamer";

/** A process with its streams, in a container or on a parent. */
export interface ShellProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<{ readonly exitCode: number | undefined }>;
  /** Ends it, or what it reads and writes. */
  end(): void;
}

/** Starts `sh -c script sh …args` with a stdin. */
export type StartShell = (
  script: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<ShellProcess>;

export interface ShellResult {
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

// A link that is silent but not lost must not hold an abort up.
const tidyMs = 5000;

/** How long what tidies up after an abort is waited for. It goes on by itself then. */
export function startTidying(signal: AbortSignal | undefined): Grace {
  return startGrace(() => tidyMs, signal);
}

/**
 * Runs a script to its end, with a stream as its stdin if there is one. A stream that breaks, or an abort, ends the stdin:
 * what the script makes of that is its own.
 */
export async function runShell(
  start: StartShell,
  { script, args, input }: { readonly script: string; readonly args: readonly string[]; readonly input?: Readable },
  signal: AbortSignal | undefined,
): Promise<ShellResult> {
  let hasStarted = false;
  using grace = startGrace(() => (hasStarted ? tidyMs : 0), signal);
  const process = await start(script, args, input === undefined ? signal : grace.signal);
  hasStarted = true;
  const budget = boundOutput(process);
  const [stdout, stderr] = [new Collector(process.stdout, budget), new Collector(process.stderr, budget)];
  const feeding = feed(process.stdin, input, signal).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const [exit, broken] = await Promise.all([abortable(process.exit, grace.signal), feeding]);
  if (broken !== undefined) throw broken.error;
  return { ...exit, stdout: await stdout.finished(), stderr: (await stderr.finished()).toString() };
}

/** What a script of ours says is short, whatever runs it. */
export function boundOutput(process: ShellProcess): OutputBudget {
  return new OutputBudget({
    label: "a script that copies files",
    onSpent: (error) => {
      for (const stream of [process.stdout, process.stderr]) stream.destroy(error);
      process.end();
    },
  });
}

/** A script that does not read on is no failure here: it says why itself. */
async function feed(stdin: Writable, input: Readable | undefined, signal: AbortSignal | undefined): Promise<void> {
  let isOpen = true;
  const close = () => {
    isOpen = false;
  };
  stdin.on("error", close).once("close", close);
  try {
    for await (const chunk of input ?? []) {
      signal?.throwIfAborted();
      if (!isOpen) return;
      if (!stdin.write(chunk)) await drained(stdin, signal);
    }
  } finally {
    if (isOpen) stdin.end();
  }
}

function drained(stdin: Writable, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      for (const event of ["drain", "close", "error"]) stdin.off(event, done);
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const abort = () => {
      done();
      reject(signal?.reason);
    };
    for (const event of ["drain", "close", "error"]) stdin.once(event, done);
    signal?.addEventListener("abort", abort, { once: true });
    if (stdin.destroyed) done();
  });
}
