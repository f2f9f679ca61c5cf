import type { Readable } from "node:stream";
import type { Engine } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { type CommandOutput, runToEnd } from "ssh2-streamer";
import type { CommandResult } from "../process/command.js";
import { toRemoteProcess } from "../process/engine-process.js";
import { type LoginTerminal, showProcess } from "../process/login.js";

export interface ContainerRunOptions {
  /** A person's terminal, where the container has one. */
  readonly terminal?: LoginTerminal | undefined;
  /** Sent to the container. Default: nothing. */
  readonly stdin?: Readable | undefined;
  /** Where the outputs go, as they come. Default: into the result. */
  readonly output?: CommandOutput | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Joins the main process of a container that was started with an open stdin, to its end. The container stays.
 * @returns its exit code, and what it wrote where neither `output` nor `terminal` is given
 * @throws OttoError `HOST_NOT_RUNNING` when the container is gone, `ENGINE_STREAM_LOST`, `COMMAND_OUTPUT_LIMIT`
 */
export async function runContainer(
  engine: Engine,
  container: string,
  options: ContainerRunOptions = {},
): Promise<CommandResult> {
  const { terminal, stdin, output, signal } = options;
  const joined = await engine.attach(container, { terminal: terminal !== undefined, stdin: true }, signal);
  const details = await engine.inspectContainer(container, signal);
  if (details?.State.Running !== true) {
    // Of one that ended before it was joined, the stream may never end.
    joined.disconnect();
    if (details === undefined) throw new OttoError("HOST_NOT_RUNNING", `${container}: it is gone`);
    return readEnded(engine, { id: container, tty: details.Config.Tty, exitCode: details.State.ExitCode }, options);
  }
  const kill = () => joined.disconnect();
  const process = toRemoteProcess(joined, { end: kill, kill }, signal);
  if (terminal !== undefined) return resultOf(await showProcess(process, terminal));
  if (stdin === undefined) process.stdin.end();
  const { exitCode, stdout, stderr } = await runToEnd(async () => process, {
    label: `running ${container}`,
    stdin,
    output,
    signal,
  });
  return { exitCode, stdout, stderr, timedOut: false };
}

interface EndedContainer {
  readonly id: string;
  readonly tty: boolean;
  readonly exitCode: number;
}

async function readEnded(
  engine: Engine,
  { id, tty, exitCode }: EndedContainer,
  { terminal, output, signal }: ContainerRunOptions,
): Promise<CommandResult> {
  const kept = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for await (const { stream, bytes, endsLine } of engine.readLog({ id, tty }, {}, signal)) {
    const whole = endsLine ? Buffer.concat([bytes, Buffer.from("\n")]) : bytes;
    const sink = terminal?.output ?? output?.[stream];
    if (sink === undefined) kept[stream].push(whole);
    else sink.write(whole);
  }
  return { ...resultOf(exitCode), stdout: Buffer.concat(kept.stdout), stderr: Buffer.concat(kept.stderr) };
}

function resultOf(exitCode: number): CommandResult {
  return { exitCode, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), timedOut: false };
}
