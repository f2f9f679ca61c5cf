import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ContainerProcess, Engine } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { Collector } from "./collector.js";
import { type CommandResult, defaultTimeoutMs, timedOutExitCode } from "./command.js";
import { startDeadline } from "./deadline.js";
import { tieToConnection } from "./lifetime-wrapper.js";

export interface ContainerExecOptions {
  /** Default: the image's. */
  readonly user?: string | undefined;
  /** Default: the image's. */
  readonly workdir?: string | undefined;
  /** Added to the container's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sent to the command, then closed. Default: empty. */
  readonly stdin?: string | Uint8Array | Readable;
  /** Milliseconds; `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Where a command runs: `hasShell` says whether the image has `/bin/sh`. */
export interface ExecTarget {
  readonly engine: Engine;
  readonly container: string;
  readonly hasShell: boolean;
  /** For messages. */
  readonly host: string;
}

/**
 * Runs one command to its end.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program could not be started.
 */
export async function runInContainer(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerExecOptions,
): Promise<CommandResult> {
  using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
  // The wrapper watches stdin, so a command that reads stdin goes without it.
  const tied = target.hasShell && options.stdin === undefined;
  const process = await target.engine.exec(target.container, tied ? tieToConnection(argv) : argv, {
    ...(options.env !== undefined && { env: options.env }),
    user: options.user,
    workdir: options.workdir,
    stdin: tied || options.stdin !== undefined,
    signal: deadline.signal,
  });
  const stdout = new Collector(process.stdout);
  const stderr = new Collector(process.stderr);
  const feeding = feed(process, options.stdin);
  const disconnect = () => process.disconnect();
  deadline.signal.addEventListener("abort", disconnect, { once: true });
  try {
    const { exitCode, started } = await process.exit;
    await feeding;
    if (!started) throw notStarted(target.host, argv, Buffer.concat([stdout.bytes, stderr.bytes]));
    return { exitCode, stdout: await stdout.finished(), stderr: await stderr.finished(), timedOut: false };
  } catch (error) {
    if (!deadline.passed) options.signal?.throwIfAborted();
    if (deadline.passed)
      return { exitCode: timedOutExitCode, stdout: stdout.bytes, stderr: stderr.bytes, timedOut: true };
    throw error;
  } finally {
    deadline.signal.removeEventListener("abort", disconnect);
  }
}

/** A command may end without reading all of its stdin; that is its right. */
async function feed(process: ContainerProcess, stdin: ContainerExecOptions["stdin"]): Promise<void> {
  if (stdin === undefined) return;
  const source = stdin instanceof Readable ? stdin : Readable.from([stdin]);
  await pipeline(source, process.stdin).catch(() => {});
}

function notStarted(host: string, argv: readonly string[], output: Buffer): OttoError {
  const reason = cleanText(output.toString()).trim();
  return new OttoError("HOST_COMMAND_NOT_STARTED", `running ${argv[0] ?? "nothing"} on ${host}: ${reason}`, {
    details: { host },
  });
}
