import type { Readable } from "node:stream";
import { startDeadline } from "@otto/errors";
import type { CommandOutput, ProcessExit, RemoteProcess, SpawnOptions } from "ssh2-streamer";
import { type Command, type CommandResult, defaultTimeoutMs, runWithin, toArgv } from "../process/command.js";
import { createSentinel } from "../process/sentinel-lines.js";
import { notStarted, readStartReport, type StartReport } from "../process/start-report.js";
import { HostShells } from "../shell/host-shell.js";
import { ShellSession } from "../shell/shell-session.js";

export interface ParentExecOptions {
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: string | Uint8Array | Readable | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Takes the output as it comes; the result's is then empty. Default: the result has it. */
  readonly output?: CommandOutput | undefined;
  /**
   * Of stdout and stderr together, as far as the result has them; beyond it the command is ended and
   * `COMMAND_OUTPUT_LIMIT` thrown. Default 64 MiB.
   */
  readonly maxOutputBytes?: number | undefined;
  /** Milliseconds; `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Whatever starts processes on a parent. */
export type Spawn = (argv: readonly string[], options: SpawnOptions) => Promise<RemoteProcess>;

/** Runs a command to its end; `spawn` as {@link reportStart} makes it. */
export async function execOnParent(
  { id, spawn }: { readonly id: string; readonly spawn: Spawn },
  command: Command,
  options: ParentExecOptions,
): Promise<CommandResult> {
  const { env, cwd, stdin, output, maxOutputBytes } = options;
  const argv = toArgv(command);
  using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
  const start = (signal: AbortSignal) => spawn(argv, { env, cwd, signal, lifetime: "short" });
  return await runWithin(deadline, start, { label: `running ${argv[0]} on ${id}`, stdin, output, maxOutputBytes });
}

/**
 * Makes `exit` reject with `HOST_COMMAND_NOT_STARTED` where the program or its directory cannot be used; one with a
 * terminal says so by its exit code alone.
 */
export function reportStart(id: string, spawn: Spawn): Spawn {
  return async (argv, options) => {
    if (options.terminal !== undefined) return spawn(argv, options);
    const sentinel = createSentinel();
    const process = await spawn(argv, { ...options, failureMark: sentinel });
    const report = readStartReport(process.stderr, sentinel);
    const exit = readExit(process.exit, report, `running ${argv[0]} on ${id}`);
    exit.catch(() => {});
    return { ...process, stderr: report.output, exit };
  };
}

async function readExit(ended: Promise<ProcessExit>, report: StartReport, name: string): Promise<ProcessExit> {
  const exit = await ended;
  // No other codes come with a sentinel; and who ended otherwise may have left its stderr to another.
  if (exit.exitCode !== 126 && exit.exitCode !== 127) return exit;
  const refusal = await report.refusal;
  if (refusal !== undefined) throw notStarted(name, refusal);
  return exit;
}

/** The shells that a parent keeps. */
export function openParentShells(host: string, spawn: Spawn): HostShells {
  return new HostShells(({ signal }) =>
    ShellSession.open((argv, ending) => spawn(argv, { signal: ending, lifetime: "long" }), { host, signal }),
  );
}
