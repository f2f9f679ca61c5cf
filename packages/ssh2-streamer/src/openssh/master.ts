import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { isWithin } from "@otto/errors";
import type { ProgramEnvironment } from "../transport/transport.js";

export interface MasterRequest {
  /** `ssh` and its arguments. */
  readonly argv: readonly string[];
  readonly env: ProgramEnvironment;
  /** Asks this process what `ssh` would ask on a terminal. */
  readonly program: string;
  /** The stream that SSH is spoken over. It is the master's from now on, and ends with it. */
  readonly stream: Duplex;
  readonly signal: AbortSignal;
}

/** An `ssh` that logs in and goes to the background, where it serves a control socket. */
export interface Master {
  /** Whether it has logged in; resolves when it has, or has ended. @throws what ended the stream, or the signal's reason */
  readonly isLoggedIn: Promise<boolean>;
  /** What it wrote to stderr: the beginning, or its last words once {@link keepLastWords} was called. */
  readonly log: string;
  /** The stream, where it passes through this process. */
  readonly passing: Duplex | undefined;
  /** What broke the stream. */
  readonly streamError: Error | undefined;
  /** Resolves when it and all that it started have ended. */
  readonly ended: Promise<void>;
  keepLastWords(): void;
  /** Ends it before it has logged in, or lets go of what is left of it. Resolves when the stream is closed. */
  release(): Promise<void>;
}

/** Characters of stderr. */
const longestLog = 1 << 20;
const lastWords = 4096;
/** What is left to read of the stderr of a process that has ended comes within this. */
const drainMs = 1000;

/** Starts one. The caller releases it when the login fails. */
export function startMaster({ argv, env, program, stream, signal }: MasterRequest): Master {
  const own = canHandOver(stream) ? stream : undefined;
  // OpenSSH speaks over stdin and stdout (`ProxyCommand=-`); Node closes what it made for these when the process that it
  // started ends, which here is when the login is done.
  const line = 'exec "$0" "$@" <&3 >&3 3>&-';
  const child = spawn("/bin/sh", ["-c", line, ...argv], {
    // A session of its own: no terminal to ask on, and no signal of ours.
    detached: true,
    env: { ...env, SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: "force" },
    stdio: ["ignore", "ignore", "pipe", own ?? "pipe"],
  });
  // {@link waitForLogin} hears of it, unless nobody waits any more.
  child.on("error", () => {});
  const stderr = child.stderr as Readable;
  let log = "";
  let limit = longestLog;
  stderr.on("data", (chunk: Buffer) => {
    const said = chunk.toString();
    log = limit === longestLog ? log + said.slice(0, limit - log.length) : (log + said).slice(-limit);
  });
  const ended = new Promise<void>((resolve) => stderr.once("close", () => resolve()));
  let streamError: Error | undefined;
  const joint = own === undefined ? (child.stdio[3] as Duplex) : undefined;
  if (joint !== undefined) join(stream, joint);
  stream.on("error", (error) => {
    streamError ??= error;
  });
  // `ssh` has it now.
  own?.destroy();
  const streamClosed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  const release = async () => {
    if (child.exitCode === null && child.signalCode === null) killGroup(child);
    stderr.destroy();
    joint?.destroy();
    stream.destroy();
    await streamClosed;
  };
  return {
    isLoggedIn: waitForLogin(child, ended, signal),
    passing: own === undefined ? stream : undefined,
    get log() {
      return log;
    },
    get streamError() {
      return streamError;
    },
    ended,
    keepLastWords: () => {
      limit = lastWords;
      log = "";
    },
    release,
  };
}

/**
 * Whether a stream can be handed to another process: a socket of which nothing was read. Any other one passes through this
 * process.
 */
export function canHandOver(stream: Duplex): stream is Socket {
  return stream instanceof Socket && stream.isPaused() && stream.bytesRead === 0 && stream.readableLength === 0;
}

async function waitForLogin(child: ChildProcess, ended: Promise<void>, signal: AbortSignal): Promise<boolean> {
  const [code] = (await once(child, "exit", { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  })) as [number | null];
  if (code === 0) return true;
  await isWithin(ended, drainMs);
  return false;
}

function join(first: Duplex, second: Duplex): void {
  for (const [from, to] of [
    [first, second],
    [second, first],
  ] as const) {
    from.pipe(to);
    from.on("error", () => {}).once("close", () => to.destroy());
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
