import { type Duplex, type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { abortable, cleanText, OttoError, startRunningClock } from "@otto/errors";
import type Docker from "dockerode";
import type { LimitFunction } from "p-limit";
import { type DockerClient, loadDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { describeContainer } from "./containers.js";
import { createAbsentStdin, createExecStdin } from "./exec-stdin.js";
import { demultiplex } from "./multiplexed-stream.js";

export interface ExecOptions {
  /** Whole `KEY=value` pairs added to the container's environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** User name or id, with `:group` if wanted. Default: the image's. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  /** Gives the process a stdin to write to; without it, stdin is empty, and a write to it fails. Default false. */
  readonly stdin?: boolean | undefined;
  /** Gives the process a terminal; `stderr` then is empty, and `resize` tells its size. Default false. */
  readonly terminal?: boolean | undefined;
  /** What messages call the container. Default: its name as given, or the start of its id. */
  readonly containerName?: string | undefined;
  /**
   * The exit code, where the command's outputs reported it; called when they have ended. Without one the engine is asked,
   * which is a request, and often one more: it ends the outputs a moment before it knows. Default: none is reported.
   */
  readonly reportedExitCode?: (() => Promise<number | undefined>) | undefined;
}

export interface ProcessExit {
  /** 0 to 255. */
  readonly exitCode: number;
  /** False when the runtime could not start the program. */
  readonly started: boolean;
  /** Why it was not started, as the engine tells it. */
  readonly reason?: string;
}

/** A process that runs in a container. Read both outputs, or neither moves on. */
export interface ContainerProcess {
  /** Fails with EPIPE once the process does not read it any more. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the process has ended and its output has been read. */
  readonly exit: Promise<ProcessExit>;
  /** Tells a terminal its size, once the process runs. */
  resize(columns: number, rows: number): Promise<void>;
  /** Drops the connection. The engine closes the process's stdin and lets it run on. */
  disconnect(): void;
  /** Whether the connection takes one of the few sessions that a server allows. */
  readonly isScarce: boolean;
  /** Whether this process of Node waits for the connection before it ends by itself. At first it does. */
  holdOpen(isHeld: boolean): void;
}

/**
 * Starts `command` in the container.
 * @param startGate limits how many starts are under way at once, never how long a command runs.
 * @throws OttoError `ENGINE_REQUEST_FAILED` when the container does not run. `exit` rejects with a TypeError when something
 * is written to a process without `stdin`.
 */
export async function execInContainer(
  client: EngineClient,
  target: ExecTarget,
  { startGate, signal }: { readonly startGate: LimitFunction; readonly signal: AbortSignal | undefined },
): Promise<ContainerProcess> {
  const { container, options } = target;
  const called = describeContainer({ container, containerName: options.containerName });
  const doing = `running a command in ${called}`;
  const terminal = options.terminal ?? false;
  const start = async () => {
    const id = await createExec(client, target, signal);
    const message = { method: "POST", path: `/exec/${encodeURIComponent(id)}/start` } as const;
    const body = { json: { Detach: false, Tty: terminal } };
    return { id, channel: await client.hijack("tcp", { ...message, body }, signal) };
  };
  const drop = (late: { channel: Duplex }) => void late.channel.destroy();
  const starting = startGate(() => callEngine(client, { doing, signal }, start, drop));
  const { id, channel } = await abortable(starting, signal, drop);
  const learnExit = async () => {
    try {
      const exitCode = await options.reportedExitCode?.();
      return exitCode === undefined ? await readExit(client, id, signal) : { exitCode, hasStarted: true };
    } catch (error) {
      signal?.throwIfAborted();
      return failToLearn(doing, error);
    }
  };
  const process = attach(channel, { doing, terminal, stdin: options.stdin ?? false }, learnExit);
  return { ...process, resize: createResize(client, `a terminal in ${called}`, (docker) => docker.getExec(id)) };
}

/**
 * Starts `command` in the container; it goes on by itself, without stdin and outputs.
 * @throws OttoError `ENGINE_REQUEST_FAILED` when the container does not run, or the program could not be started
 */
export async function execDetached(
  client: EngineClient,
  target: ExecTarget,
  { startGate, signal }: { readonly startGate: LimitFunction; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { container, options } = target;
  const doing = `starting a command in ${describeContainer({ container, containerName: options.containerName })}`;
  const start = async () => {
    const id = await createExec(client, target, signal);
    const path = `/exec/${encodeURIComponent(id)}/start`;
    await client.tell({ method: "POST", path, body: { json: { Detach: true, Tty: false } } }, signal);
  };
  await startGate(() => callEngine(client, { doing, signal }, start));
}

interface ExecTarget {
  readonly container: string;
  readonly command: readonly string[];
  readonly options: ExecOptions;
}

async function createExec(client: EngineClient, target: ExecTarget, signal: AbortSignal | undefined): Promise<string> {
  const { container, command, options } = target;
  const docker = await loadDockerClient(client, signal);
  const exec = await docker.getContainer(container).exec({
    Cmd: [...command],
    Env: Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`),
    AttachStdin: options.stdin ?? false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: options.terminal ?? false,
    ...(options.user !== undefined && { User: options.user }),
    ...(options.workdir !== undefined && { WorkingDir: options.workdir }),
  });
  return exec.id;
}

/** Tells a terminal its size. @param find what has the terminal */
export function createResize(
  client: EngineClient,
  called: string,
  find: (docker: DockerClient) => Pick<Docker.Container, "resize"> | Pick<Docker.Exec, "resize">,
): ContainerProcess["resize"] {
  return async (columns, rows) => {
    const found = find(await loadDockerClient(client, undefined));
    const call = { doing: `resizing ${called}`, signal: undefined };
    await callEngine(client, call, () => found.resize({ h: rows, w: columns }));
  };
}

/** The streams of a process behind a channel. */
export function attach(
  channel: Duplex,
  { doing, terminal, stdin: hasStdin }: { readonly doing: string; readonly terminal: boolean; readonly stdin: boolean },
  readExit: () => Promise<RecordedExit>,
): Omit<ContainerProcess, "resize"> {
  // Docker writes why it did not start a program to stdout, Podman to stderr.
  const heads = [createHead(), createHead()] as const;
  const [{ stream: stdout }, { stream: stderr }] = heads;
  const stdin = hasStdin ? createExecStdin(channel) : createAbsentStdin(channel);
  // The link may break before the caller listens; `exit` tells it then.
  for (const stream of [stdout, stderr]) stream.on("error", () => {});
  const read = terminal ? passThrough(channel, { stdout, stderr }) : demultiplex(channel, { stdout, stderr });
  const readExitAndReason = async () => {
    const recorded = await readExit();
    const head = cleanText(Buffer.concat(heads.map(({ bytes }) => bytes)).toString()).trim();
    const { exitCode } = recorded;
    return hasStarted(recorded, head) ? { exitCode, started: true } : { exitCode, started: false, reason: head };
  };
  const exit = read.then(readExitAndReason, (error: unknown) => {
    const lost = explainLoss(doing, error);
    stdout.destroy(lost);
    stderr.destroy(lost);
    throw lost;
  });
  // A caller that reads the streams first learns of the loss there.
  exit.catch(() => {});
  return { stdin, stdout, stderr, exit, disconnect: () => channel.destroy(), ...holding(channel) };
}

/** What a stream that leads to an engine may have of a `net.Socket`, and of the sessions of a server. */
interface EngineSocket extends Duplex {
  readonly isScarce?: boolean;
  ref?(): void;
  unref?(): void;
}

function holding(channel: EngineSocket): Pick<ContainerProcess, "isScarce" | "holdOpen"> {
  return {
    isScarce: channel.isScarce === true,
    holdOpen: (isHeld) => (isHeld ? channel.ref?.() : channel.unref?.()),
  };
}

const lossHint =
  "The engine was restarted, or the way to it was cut. What the command did stays; with live-restore it may run on.";

function explainLoss(doing: string, cause: unknown): Error {
  // The caller's own mistake.
  if (cause instanceof TypeError) return cause;
  return new OttoError("ENGINE_STREAM_LOST", `${doing}: the connection to it was lost`, { hint: lossHint, cause });
}

const headBytes = 1024;

/** Passes a stream on and keeps its beginning: where the engine says why it did not start a program. */
function createHead() {
  let bytes = Buffer.alloc(0);
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (bytes.length < headBytes) bytes = Buffer.concat([bytes, chunk.subarray(0, headBytes - bytes.length)]);
      callback(null, chunk);
    },
  });
  return {
    stream,
    get bytes() {
      return bytes;
    },
  };
}

/** A terminal's output is one stream, as it is. */
async function passThrough(channel: Duplex, outputs: { stdout: Writable; stderr: Writable }): Promise<void> {
  outputs.stderr.end();
  await pipeline(channel as Readable, outputs.stdout);
}

// Not as a refused request: the command has run, and must not be taken for one that has not.
function failToLearn(doing: string, cause: unknown): never {
  throw new OttoError("ENGINE_STREAM_LOST", `${doing}: how it ended cannot be learned`, { hint: lossHint, cause });
}

/** What the engine keeps of a process that has ended. */
export interface RecordedExit {
  readonly exitCode: number;
  /** Undefined: the engine does not keep it. */
  readonly hasStarted: boolean | undefined;
}

// Podman 4.3: "Error: runc: exec failed: …", or "…: OCI runtime error".
const notStarted = /^Error: .*(?:exec failed|OCI runtime)/;

function hasStarted({ exitCode, hasStarted: isKnown }: RecordedExit, head: string): boolean {
  if (isKnown !== undefined) return isKnown;
  return exitCode < 125 || exitCode > 127 || !notStarted.test(head);
}

// The engine ends the stream a moment before it records the exit code.
const exitPollMs = 10;
const exitDeadlineMs = 10_000;

async function readExit(client: EngineClient, id: string, signal: AbortSignal | undefined): Promise<RecordedExit> {
  const exec = (await loadDockerClient(client, signal)).getExec(id);
  using clock = startRunningClock();
  for (;;) {
    const { Running, ExitCode, Pid } = await abortable(exec.inspect(), signal);
    if (!Running && ExitCode !== null)
      return { exitCode: ExitCode, hasStarted: client.forgetsPids ? undefined : Pid !== 0 };
    if (clock.now() > exitDeadlineMs) throw new Error("the process closed its output and runs on");
    await delay(exitPollMs, undefined, { signal });
  }
}

/**
 * Whether the engine's words tell of a failure of the container runtime itself: its own process ended before the
 * container's program could begin. Of the program they say nothing. Words of runc 1.1.
 */
export function isRuntimeFailure(text: string): boolean {
  return /\binit-p\b|setns process/.test(text);
}
