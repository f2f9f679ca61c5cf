import { type Duplex, PassThrough, type Readable, type Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { OttoError } from "@otto/errors";
import type Docker from "dockerode";
import type { LimitFunction } from "p-limit";
import { asking } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";
import { demultiplex } from "./multiplexed-stream.js";

export interface ExecOptions {
  /** Whole `KEY=value` pairs added to the container's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** User name or id, with `:group` if wanted. Default: the image's. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Gives the process a stdin to write to; without it, stdin is empty. Default false. */
  readonly stdin?: boolean;
}

export interface ProcessExit {
  /** 0 to 255. */
  readonly exitCode: number;
  /** False when the runtime could not start the program; stdout or stderr then says why. */
  readonly started: boolean;
}

/** A process that runs in a container. Read both outputs, or neither moves on. */
export interface ContainerProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has ended and its output has been read. */
  readonly exit: Promise<ProcessExit>;
  /** Drops the connection. The engine closes the process's stdin and lets it run on. */
  disconnect(): void;
}

/**
 * Starts `command` in the container.
 * @param startGate limits how many starts are under way at once, never how long a command runs.
 * @throws OttoError `ENGINE_REQUEST_FAILED` when the container does not run.
 */
export async function execInContainer(
  docker: Docker,
  target: { container: string; command: readonly string[]; options: ExecOptions },
  request: EngineRequest & { startGate: LimitFunction },
): Promise<ContainerProcess> {
  const { container, command, options } = target;
  const doing = `running a command in ${container}`;
  const { exec, channel } = await request.startGate(() =>
    asking(request, doing, async () => {
      const exec = await docker.getContainer(container).exec({
        Cmd: [...command],
        Env: Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`),
        AttachStdin: options.stdin ?? false,
        AttachStdout: true,
        AttachStderr: true,
        ...(options.user !== undefined && { User: options.user }),
        ...(options.workdir !== undefined && { WorkingDir: options.workdir }),
        ...request.abort,
      });
      const channel = await exec.start({ hijack: true, stdin: true, ...request.abort });
      return { exec, channel };
    }),
  );
  return attach(channel, () => asking(request, doing, () => readExit(exec)));
}

function attach(channel: Duplex, readExit: () => Promise<ProcessExit>): ContainerProcess {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exit = demultiplex(channel, { stdout, stderr }).then(readExit, (error: unknown) => {
    const lost = new OttoError("ENGINE_STREAM_LOST", "the connection to a process in a container was lost", {
      cause: error,
    });
    stdout.destroy(lost);
    stderr.destroy(lost);
    throw lost;
  });
  // A caller that reads the streams first learns of the loss there.
  exit.catch(() => {});
  return { stdin: channel, stdout, stderr, exit, disconnect: () => channel.destroy() };
}

// The engine ends the stream a moment before it records the exit code.
const exitPollMs = 10;
const exitDeadlineMs = 10_000;

async function readExit(exec: Docker.Exec): Promise<ProcessExit> {
  const deadline = Date.now() + exitDeadlineMs;
  for (;;) {
    const { Running, ExitCode, Pid } = await exec.inspect();
    if (!Running && ExitCode !== null) return { exitCode: ExitCode, started: Pid !== 0 };
    if (Date.now() > deadline) throw new Error("the process closed its output and runs on");
    await delay(exitPollMs);
  }
}
