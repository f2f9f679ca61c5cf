import type { Readable } from "node:stream";
import type { ContainerProcess } from "@otto/engine";
import { startDeadline } from "@otto/errors";
import type { CommandOutput } from "ssh2-streamer";
import { type CommandResult, runWithin } from "../process/command.js";
import { toRemoteProcess } from "../process/engine-process.js";
import { type LoginTerminal, showProcess } from "../process/login.js";

export interface ContainerRunOptions {
  /** A person's terminal, where the container has one. */
  readonly terminal?: LoginTerminal | undefined;
  /** Sent to the container. Default: nothing. */
  readonly stdin?: Readable | undefined;
  /** Where the outputs go, as they come. Default: into the result. */
  readonly output?: CommandOutput | undefined;
  /** Milliseconds, without a terminal. Default: as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Shows the main process of a container that was started with its streams, to its end. The container stays.
 * @returns its exit code, and what it wrote where neither `output` nor `terminal` is given
 * @throws OttoError `ENGINE_STREAM_LOST`, `COMMAND_OUTPUT_LIMIT`
 */
export async function runContainer(
  { name, process: started }: { readonly name: string; readonly process: ContainerProcess },
  { terminal, stdin, output, timeoutMs = Number.POSITIVE_INFINITY, signal }: ContainerRunOptions = {},
): Promise<CommandResult> {
  const kill = () => started.disconnect();
  const start = (ending: AbortSignal | undefined) => toRemoteProcess(started, { end: kill, kill }, ending);
  if (terminal !== undefined) return resultOf(await showProcess(start(signal), terminal));
  using deadline = startDeadline(timeoutMs, signal);
  return await runWithin(deadline, async (ending) => start(ending), { label: `running ${name}`, stdin, output });
}

function resultOf(exitCode: number): CommandResult {
  return { exitCode, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), timedOut: false };
}
