import { addAbortSignal, type Readable } from "node:stream";
import { abortable, type Grace, startGrace } from "@otto/errors";
import { OutputBudget, type RemoteProcess, runToEnd } from "ssh2-streamer";

/** Starts `sh -c script sh …args` with a stdin. */
export type StartShell = (
  script: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<RemoteProcess>;

export interface ShellResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

// A link that is silent but not lost must not hold an abort up.
const tidyMs = 5000;

/** How long what tidies up after an abort is waited for. It goes on by itself then. */
export function startTidying(signal: AbortSignal | undefined): Grace {
  return startGrace(() => tidyMs, signal);
}

const label = "a script that copies files";

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
  const startWithin = async (ending: AbortSignal) => {
    const process = await start(script, args, ending);
    hasStarted = true;
    return { ...process, exit: abortable(process.exit, grace.signal) };
  };
  if (input !== undefined && signal !== undefined) addAbortSignal(signal, input);
  const ending = input === undefined ? signal : grace.signal;
  try {
    const result = await runToEnd(startWithin, { label, stdin: input, brokenStdinEnds: "stdin", signal: ending });
    return { ...result, stderr: result.stderr.toString() };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    input?.destroy();
  }
}

/** What a script of ours says is short, whatever runs it. */
export function boundOutput(process: RemoteProcess): OutputBudget {
  return new OutputBudget({
    label,
    onSpent: (error) => {
      for (const stream of [process.stdout, process.stderr]) stream.destroy(error);
      process.kill("SIGKILL");
    },
  });
}
