import { constants } from "node:os";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ProcessExit, RemoteProcess, SpawnOptions } from "ssh2-streamer";
import { Collector } from "./collector.js";
import { type Command, type CommandResult, defaultTimeoutMs, timedOutExitCode, toArgv } from "./command.js";
import { startDeadline } from "./deadline.js";
import type { ParentExecOptions } from "./parent.js";

type Spawn = (argv: readonly string[], options: SpawnOptions) => Promise<RemoteProcess>;

/** Runs a command to its end with whatever starts processes on a parent. */
export async function runOnParent(spawn: Spawn, command: Command, options: ParentExecOptions): Promise<CommandResult> {
  using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
  // A source may break before the process has started: `feed` finds that.
  if (options.stdin instanceof Readable) options.stdin.on("error", () => {});
  let stdout: Collector | undefined;
  let stderr: Collector | undefined;
  try {
    const process = await spawn(toArgv(command), {
      env: options.env,
      cwd: options.cwd,
      signal: deadline.signal,
      lifetime: "short",
    });
    stdout = new Collector(process.stdout);
    stderr = new Collector(process.stderr);
    const feeding = feed(process, options.stdin);
    await Promise.allSettled([process.exit, feeding]);
    const exit = await process.exit;
    await feeding;
    return {
      exitCode: exitCodeOf(exit),
      stdout: await stdout.finished(),
      stderr: await stderr.finished(),
      timedOut: false,
    };
  } catch (error) {
    if (!deadline.passed) throw error;
    const nothing = Buffer.alloc(0);
    return {
      exitCode: timedOutExitCode,
      stdout: stdout?.bytes ?? nothing,
      stderr: stderr?.bytes ?? nothing,
      timedOut: true,
    };
  }
}

/** As shells count: 128 + the signal's number. */
function exitCodeOf({ exitCode, signal }: ProcessExit): number {
  if (exitCode !== undefined) return exitCode;
  const number = constants.signals[signal as NodeJS.Signals];
  return 128 + (number ?? 0);
}

/** A command may end without reading all of its stdin, which is its right. A source that fails ends the command. */
async function feed(process: RemoteProcess, stdin: ParentExecOptions["stdin"]): Promise<void> {
  const source = stdin instanceof Readable ? stdin : Readable.from(stdin === undefined ? [] : [stdin]);
  try {
    await pipeline(source, process.stdin);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return;
    process.kill("SIGKILL");
    throw error;
  }
}
