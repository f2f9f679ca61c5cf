import type { Duplex, Readable } from "node:stream";
import { guardListener, OttoError, startDeadline } from "@otto/errors";
import type { CommandResult, ExecOptions, RemoteProcess, SpawnOptions } from "./command/command.js";
import { formatCommandLine, summarizeCommand } from "./command/command-line.js";
import { runToEnd } from "./command/run-to-end.js";
import { type SendTreeOptions, sendTree } from "./command/tree.js";
import { type DialSocketOptions, Hop } from "./hop/hop.js";
import type { ConnectGate } from "./route/connect-gate.js";
import type { SshRoute } from "./route/endpoint.js";
import type { SshEventListener } from "./route/event.js";
import { closedError } from "./route/failure.js";
import type { SshPromptHandler } from "./route/prompt.js";
import { connectBySsh2 } from "./ssh2/connector.js";

export interface SshSessionOptions {
  /** Closes the session when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** What it throws harms no call: `close` rejects with it, when all is closed. */
  readonly onEvent?: SshEventListener | undefined;
  /**
   * Runs the connecting to the first machine of the route, when many sessions share a limit: what p-limit makes.
   * Waiting for it is no part of `connectTimeoutMs`. Default: at once.
   */
  readonly connectGate?: ConnectGate | undefined;
  /**
   * Asks a person for what a login needs and no endpoint has: a password, the passphrase of a key, a one-time code. The wait is
   * no part of `connectTimeoutMs`. Default: nobody is asked; the login's error quotes the question.
   */
  readonly onPrompt?: SshPromptHandler | undefined;
  /** Variables of programs of this machine, as a proxy command: `PATH` finds them. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** One login on one machine, however many connections that takes. Every call may be made concurrently. */
export interface SshSession extends AsyncDisposable {
  /** The target's name. */
  readonly name: string;
  /** Connects now rather than at the first call. */
  connect(signal?: AbortSignal): Promise<void>;
  /** Runs a command and keeps its output. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult>;
  /** Starts a command. The caller ends it, or reads it to its end. */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<RemoteProcess>;
  /** Starts the login shell. */
  shell(options?: Pick<SpawnOptions, "signal" | "terminal">): Promise<RemoteProcess>;
  /** Opens a stream to a Unix socket of the target, by forwarding, else by `fallbackCommand`. The caller destroys it. */
  dialSocket(socketPath: string, options?: DialSocketOptions): Promise<Duplex>;
  /** Opens a stream to a TCP port as the target sees it. The caller destroys it. */
  dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /**
   * The same by forwarding alone, whose two directions may end apart (set `allowHalfOpen`). Where the server forbids it,
   * `SSH_FORWARDING_REFUSED` has `details.forbidden`.
   */
  forwardTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /** Unpacks a tar stream into a directory of the target, which is made when it is missing. */
  sendTree(tar: Readable, remoteDir: string, options?: SendTreeOptions): Promise<void>;
  /** Ends every channel and connection. Calls under way fail. */
  close(): Promise<void>;
}

/**
 * Makes a session to the last endpoint of `route`, through the others. It connects at the first call and again after
 * a loss; the caller closes it.
 * @throws TypeError for an empty route, and a proxy command behind the first endpoint, where it cannot run
 */
export function openSshSession(route: SshRoute, options: SshSessionOptions = {}): SshSession {
  const closing = new AbortController();
  const events = guardListener(options.onEvent);
  const onEvent = events.tell;
  const hops: Hop[] = [];
  for (const endpoint of route) {
    if (endpoint.proxyCommand !== undefined && hops.length > 0)
      throw new TypeError(`${endpoint.name} is behind a hop: a proxy command is for the first endpoint of a route`);
    hops.push(
      new Hop({
        transport: connectBySsh2,
        endpoint,
        via: hops.at(-1),
        signal: closing.signal,
        onEvent,
        connectGate: options.connectGate,
        onPrompt: options.onPrompt,
        env: options.env ?? {},
      }),
    );
  }
  const target = hops.at(-1);
  if (target === undefined) throw new TypeError("a route needs at least the target");
  const session = createSession(target, async () => {
    closing.abort(closedError(target.endpoint));
    for (const hop of hops.toReversed()) await hop.close();
    events.throwFailure();
  });
  const onAbort = () => void session.close().catch(() => {});
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  return session;
}

function createSession(target: Hop, close: () => Promise<void>): SshSession {
  const { name } = target.endpoint;
  const spawn = (argv: readonly string[], options: SpawnOptions = {}) => {
    const label = summarizeCommand(argv);
    const { signal, terminal, lifetime = "long" } = options;
    const tellsPid = terminal === undefined ? "both" : "terminal";
    const line = formatCommandLine(argv, { ...options, tellsPid });
    return target.start({ line, label, signal, terminal, tellsPid }, lifetime);
  };
  const exec = async (argv: readonly string[], options: ExecOptions = {}) => {
    const { env, cwd, stdin, maxOutputBytes, timeoutMs = Number.POSITIVE_INFINITY } = options;
    const label = `${summarizeCommand(argv)} on ${name}`;
    using deadline = startDeadline(timeoutMs, options.signal, () => timeoutError(label, timeoutMs));
    const start = (signal: AbortSignal) => spawn(argv, { env, cwd, signal, lifetime: "short" });
    return await runToEnd(start, { label, stdin, maxOutputBytes, signal: deadline.signal });
  };
  let closed: Promise<void> | undefined;
  const closeOnce = () => {
    closed ??= close();
    return closed;
  };
  return {
    name,
    connect: (signal) => target.connect(signal),
    exec,
    spawn,
    shell: ({ signal, terminal } = {}) => target.start({ line: undefined, label: "a shell", signal, terminal }, "long"),
    dialSocket: (socketPath, options) => target.openSocket(socketPath, options),
    dialTcp: (host, port, signal) => target.openPort(host, port, signal),
    forwardTcp: (host, port, signal) => target.forwardPort(host, port, signal),
    sendTree: (tar, remoteDir, options) => sendTree(exec, { tar, remoteDir, name }, options),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function timeoutError(label: string, timeoutMs: number): OttoError {
  return new OttoError("COMMAND_TIMED_OUT", `${label}: not done within ${timeoutMs} ms; it was ended`, {
    details: { timeoutMs },
  });
}
