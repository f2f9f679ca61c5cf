import type { Duplex, Readable } from "node:stream";
import { abortable, guardListener, OttoError, startDeadline } from "@otto/errors";
import { createChoosingTransport } from "./choice/connect.js";
import type { CommandResult, ExecOptions, RemoteProcess, SpawnOptions } from "./command/command.js";
import { formatCommandLine, summarizeCommand } from "./command/command-line.js";
import { runToEnd } from "./command/run-to-end.js";
import { type SendTreeOptions, sendTree } from "./command/tree.js";
import { type DialSocketOptions, Hop } from "./hop/hop.js";
import { createKeptTransport } from "./keep/kept-transport.js";
import type { ConnectGate } from "./route/connect-gate.js";
import type { SshEndpoint, SshRoute } from "./route/endpoint.js";
import type { SshEventListener } from "./route/event.js";
import { closedError } from "./route/failure.js";
import type { SshPromptHandler } from "./route/prompt.js";

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
  /**
   * Directories, as absolute paths, in one of which the connections of endpoints with `persistMs` outlive the session: the first that
   * this user alone may enter; it is made when it is missing. Default: no connection outlives it.
   */
  readonly keepIn?: readonly string[] | undefined;
  /**
   * Variables of the programs of this machine, which are `ssh` and a proxy command: `PATH` finds them (default: where shells look
   * without one), `KRB5CCNAME` names a ticket. Default: none.
   */
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

/** A machine whose route is found when it is first needed. */
export interface SshRouteSource {
  /** Of the session. */
  readonly name: string;
  /**
   * Finds the route; what it throws is the error of the call that needed it, and the next call asks again.
   * @param signal fires when the session is closed
   */
  readonly findRoute: (signal: AbortSignal) => Promise<SshRoute>;
}

/**
 * Makes a session to the last endpoint of `route`, through the others. It connects at the first call and again after
 * a loss; the caller closes it.
 * @throws TypeError for an empty route, and a proxy command behind the first endpoint, where it cannot run
 */
export function openSshSession(route: SshRoute | SshRouteSource, options: SshSessionOptions = {}): SshSession {
  const closing = new AbortController();
  const events = guardListener(options.onEvent);
  const open = (found: SshRoute) => openHops(found, { ...options, onEvent: events.tell, signal: closing.signal });
  let opened: Promise<readonly Hop[]> | undefined;
  const openFound = async (source: SshRouteSource) => {
    closing.signal.throwIfAborted();
    return open(await source.findRoute(closing.signal));
  };
  const find = (source: SshRouteSource): Promise<readonly Hop[]> => {
    const finding = openFound(source);
    opened = finding;
    finding.catch(() => {
      opened = undefined;
    });
    return finding;
  };
  if (!("findRoute" in route)) opened = Promise.resolve(open(route));
  const name = "findRoute" in route ? route.name : (route.at(-1) as SshEndpoint).name;
  const target = async (signal: AbortSignal | undefined): Promise<Hop> => {
    const hops = opened ?? find(route as SshRouteSource);
    return (await abortable(hops, signal)).at(-1) as Hop;
  };
  const session = createSession(name, target, async () => {
    closing.abort(closedError({ name }));
    const hops = (await opened?.catch(() => [])) ?? [];
    for (const hop of hops.toReversed()) await hop.close();
    events.throwFailure();
  });
  const onAbort = () => void session.close().catch(() => {});
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  return session;
}

interface HopOptions extends Omit<SshSessionOptions, "onEvent" | "signal"> {
  readonly onEvent: SshEventListener;
  readonly signal: AbortSignal;
}

function openHops(route: SshRoute, options: HopOptions): readonly Hop[] {
  const { signal, onEvent, connectGate, onPrompt, env = {}, keepIn } = options;
  const hops: Hop[] = [];
  for (const [index, endpoint] of route.entries()) {
    if (endpoint.proxyCommand !== undefined && hops.length > 0)
      throw new TypeError(`${endpoint.name} is behind a hop: a proxy command is for the first endpoint of a route`);
    const via = hops.at(-1);
    const before = route.slice(0, index + 1) as unknown as SshRoute;
    const transport = chooseTransport(before, { keepIn, connectGate });
    hops.push(new Hop({ transport, endpoint, via, signal, onEvent, connectGate, onPrompt, env }));
  }
  if (hops.length === 0) throw new TypeError("a route needs at least the target");
  return hops;
}

/** @param route to the endpoint that is to be reached */
function chooseTransport(route: SshRoute, { keepIn, connectGate }: Pick<SshSessionOptions, "keepIn" | "connectGate">) {
  const plain = createChoosingTransport();
  if (keepIn === undefined || !route.at(-1)?.persistMs) return plain;
  return createKeptTransport({ route, plain, directories: keepIn, connectGate });
}

type FindTarget = (signal: AbortSignal | undefined) => Promise<Hop>;

function createSession(name: string, target: FindTarget, close: () => Promise<void>): SshSession {
  const spawn = async (argv: readonly string[], options: SpawnOptions = {}) => {
    const label = summarizeCommand(argv);
    const { signal, terminal, lifetime = "long" } = options;
    const tellsPid = terminal === undefined ? "both" : "terminal";
    const line = formatCommandLine(argv, { ...options, tellsPid });
    return (await target(signal)).start({ line, label, signal, terminal, tellsPid }, lifetime);
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
    connect: async (signal) => (await target(signal)).connect(signal),
    exec,
    spawn,
    shell: async ({ signal, terminal } = {}) =>
      (await target(signal)).start({ line: undefined, label: "a shell", signal, terminal }, "long"),
    dialSocket: async (socketPath, options) => (await target(options?.signal)).openSocket(socketPath, options),
    dialTcp: async (host, port, signal) => (await target(signal)).openPort(host, port, signal),
    forwardTcp: async (host, port, signal) => (await target(signal)).forwardPort(host, port, signal),
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
