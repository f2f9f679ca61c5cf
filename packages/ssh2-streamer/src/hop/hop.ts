import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { abortable, cleanText, isOttoError, isWithin, OttoError } from "@otto/errors";
import { formatCommandLine } from "../command/command-line.js";
import { formatEndCommand, formatSignalCommand } from "../process/process-group.js";
import {
  type ChannelProcess,
  type GroupControl,
  type ProcessRequest,
  startProcess,
} from "../process/remote-process.js";
import type { ConnectGate } from "../route/connect-gate.js";
import type { SshEndpoint } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import {
  administrativelyProhibited,
  channelError,
  connectError,
  forwardingError,
  proxiedError,
} from "../route/failure.js";
import type { SshPromptHandler } from "../route/prompt.js";
import type { Slot } from "../schedule/connection-slots.js";
import type { Lifetime } from "../schedule/decide.js";
import { SessionScheduler } from "../schedule/session-scheduler.js";
import type { AgentSocket } from "../transport/agent-socket.js";
import {
  type Connection,
  describeTarget,
  type ForwardTarget,
  type OpenFailure,
  type Transport,
} from "../transport/transport.js";
import { explainPortFailure, formatPortCommand } from "./port-tool.js";
import { createProxyDialer } from "./proxy-command.js";
import { StdioTunnel } from "./stdio-tunnel.js";
import { openTcp } from "./tcp.js";

export interface HopSetting {
  readonly transport: Transport;
  readonly endpoint: SshEndpoint;
  /** The hop before it on the route. */
  readonly via: Hop | undefined;
  /** Fires when the session is closed. */
  readonly signal: AbortSignal;
  readonly onEvent: SshEventListener;
  readonly connectGate: ConnectGate | undefined;
  readonly onPrompt: SshPromptHandler | undefined;
  /** Variables of programs of this machine. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command of the machine that joins its stdin and stdout to a socket. */
export interface FallbackCommand {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What the socket leads to, for messages: `the engine`. */
  readonly target: string;
  /** What to check when the command fails. */
  readonly hint: string;
}

export interface DialSocketOptions {
  /** Is used when the server refuses to forward the socket. Default: the refusal is thrown. */
  readonly fallbackCommand?: FallbackCommand | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface TunnelRequest {
  readonly line: string;
  readonly label: string;
  /** {@link SessionRequest.lendKey} */
  readonly lendKey?: string | undefined;
  readonly explain: (stderr: string) => Error;
}

interface Started {
  readonly slot: Slot<StdioTunnel>;
  readonly process: ChannelProcess;
}

type StartOutcome = ChannelProcess | "refused" | "unsent";

/** A process that was asked for before an abort has this long to start. */
const startGraceMs = 1500;

/** One machine on the route: what is opened over its connections. */
export class Hop {
  readonly endpoint: SshEndpoint;
  /** How many hops are before it. */
  readonly depth: number;
  readonly #setting: HopSetting;
  readonly #scheduler: SessionScheduler<StdioTunnel>;
  readonly #groups: GroupControl = {
    end: (groupId) => this.#runToEnd(formatEndCommand(groupId)),
    signal: (groupId, name) => this.#runToEnd(formatSignalCommand(groupId, name)),
  };
  /** The sockets that are reached by their fallback command, by its key. */
  readonly #replaced = new Set<string>();
  #forwardsTcp = true;

  constructor(setting: HopSetting) {
    const { endpoint, via, onEvent, connectGate } = setting;
    this.endpoint = endpoint;
    this.#setting = setting;
    this.depth = via === undefined ? 0 : via.depth + 1;
    const connect = () => this.#connect();
    // A connection through a hop waits for the hop's own: gated too, the two could wait for each other.
    const open = connectGate === undefined || via !== undefined ? connect : () => connectGate(connect);
    this.#scheduler = new SessionScheduler({ endpoint, open, onEvent });
  }

  async connect(signal?: AbortSignal): Promise<void> {
    await abortable(this.#scheduler.connect(), signal);
  }

  /** Starts a process, when a session is free for it. */
  async start(request: ProcessRequest, lifetime: Lifetime): Promise<ChannelProcess> {
    const { signal } = request;
    const { process } = await this.#start<never>(request, () => this.#scheduler.acquire(lifetime, signal), signal);
    return process;
  }

  /** Opens a stream to a Unix socket of the machine, by forwarding, or by a command once the server has refused that. */
  async openSocket(socketPath: string, { fallbackCommand, signal }: DialSocketOptions = {}): Promise<AgentSocket> {
    if (fallbackCommand === undefined) return this.#forward({ socketPath }, signal);
    const { argv, env, target } = fallbackCommand;
    const lendKey = [socketPath, ...argv].join("\0");
    try {
      if (!this.#replaced.has(lendKey)) return await this.#forward({ socketPath }, signal);
    } catch (error) {
      if (!isOttoError(error, "SSH_FORWARDING_REFUSED")) throw error;
      if (!this.#replaced.has(lendKey)) this.#reportReplaced(argv.join(" "), error);
      this.#replaced.add(lendKey);
    }
    const line = formatCommandLine(argv, { env, tellsPid: "both" });
    const explain = (stderr: string) => fallbackError(this.endpoint, fallbackCommand, stderr);
    return this.#openTunnel({ line, label: `a stream to ${target}`, lendKey, explain }, signal);
  }

  /** Opens a stream to a port as the machine sees it, by forwarding alone. */
  forwardPort(host: string, port: number, signal?: AbortSignal): Promise<AgentSocket> {
    return this.#forward({ host, port }, signal);
  }

  /** Opens a stream to a port as the machine sees it, by forwarding or by a tool of the machine. */
  async openPort(host: string, port: number, signal?: AbortSignal): Promise<AgentSocket> {
    try {
      if (this.#forwardsTcp) return await this.#forward({ host, port }, signal);
    } catch (error) {
      if (!isProhibited(error)) throw error;
      this.#forwardsTcp = false;
      this.#reportReplaced("nc", error as Error);
    }
    const target = describeTarget({ host, port });
    const explain = (stderr: string) => explainPortFailure(this.endpoint, target, stderr);
    const line = formatPortCommand(host, port);
    return this.#openTunnel({ line, label: `a stream to ${target}`, explain }, signal);
  }

  close(): Promise<void> {
    return this.#scheduler.close();
  }

  async #connect(): Promise<Connection> {
    const { transport, endpoint, signal, onEvent, onPrompt, env } = this.#setting;
    const request = { endpoint, signal, depth: this.depth, onEvent, onPrompt, env };
    const command = endpoint.proxyCommand;
    if (command === undefined) return transport({ ...request, dial: (dialing) => this.#dial(dialing) });
    const proxy = createProxyDialer(endpoint, { command, env });
    try {
      return await transport({ ...request, dial: proxy.dial });
    } catch (error) {
      throw proxiedError(endpoint, error, await proxy.lastWords());
    }
  }

  async #dial(signal: AbortSignal): Promise<Duplex> {
    const { via, endpoint } = this.#setting;
    if (via === undefined) return this.#countTraffic(await openTcp(endpoint, signal));
    try {
      return await via.openPort(endpoint.host, endpoint.port ?? 22, signal);
    } catch (error) {
      // The hop does forward; it is the next machine that does not answer it.
      if (isRefusedByTarget(error)) throw connectError(endpoint, "unreachable", error);
      throw error;
    }
  }

  #countTraffic(socket: Socket): Socket {
    socket.once("close", () => {
      const { bytesWritten: sentBytes, bytesRead: receivedBytes } = socket;
      // A socket that was handed to another process has carried nothing here.
      if (sentBytes + receivedBytes === 0) return;
      this.#setting.onEvent({ type: "ssh.traffic", hop: this.endpoint.name, sentBytes, receivedBytes });
    });
    return socket;
  }

  /** @param askedAt `performance.now()` when it was wanted; `grantedAt`: when the server was asked */
  #reportOpened(what: "command" | "socket" | "port", askedAt: number, grantedAt: number): void {
    const [waitedMs, durationMs] = [grantedAt - askedAt, performance.now() - grantedAt];
    this.#setting.onEvent({ type: "ssh.opened", hop: this.endpoint.name, what, waitedMs, durationMs });
  }

  #reportReplaced(by: string, { message: cause }: Error): void {
    this.#setting.onEvent({ type: "ssh.forwarding-replaced", hop: this.endpoint.name, by, cause });
  }

  async #runToEnd(line: string): Promise<void> {
    const { stdin, stdout, stderr, exit } = await this.start({ line, label: "ending a process" }, "urgent");
    stdin.end();
    stdout.resume();
    stderr.resume();
    await exit;
  }

  /** @param signal ends the wait for a session only */
  async #openTunnel({ line, label, lendKey, explain }: TunnelRequest, signal?: AbortSignal): Promise<AgentSocket> {
    const started = await this.#start<StdioTunnel>(
      { line, label, tellsPid: "both" },
      () =>
        lendKey === undefined
          ? this.#scheduler.acquire("long", signal)
          : this.#scheduler.acquireOrBorrow(lendKey, signal),
      signal,
    );
    if (started instanceof StdioTunnel) return started.open();
    const { slot, process } = started;
    const tunnel = new StdioTunnel(process, { explain, onIdle: () => this.#scheduler.review() });
    const socket = tunnel.open();
    // Without a key nobody else can use it, and by `unref` its user may say no more than that it does not hold the process.
    if (lendKey !== undefined) slot.offer(tunnel);
    if (signal?.aborted) socket.destroy();
    return socket;
  }

  /** What had not reached the server is tried once more. @param acquire gives what is lent instead of a slot, too */
  async #start<Lent extends StdioTunnel>(
    request: ProcessRequest,
    acquire: () => Promise<Slot<StdioTunnel> | Lent>,
    signal: AbortSignal | undefined,
  ): Promise<Started | Lent> {
    let isRepeat = false;
    for (;;) {
      const askedAt = performance.now();
      const slot = await acquire();
      if (slot instanceof StdioTunnel) return slot;
      const grantedAt = performance.now();
      const outcome = await this.#patiently(this.#startIn(slot, request), signal);
      if (typeof outcome === "object") {
        this.#reportOpened("command", askedAt, grantedAt);
        return { slot, process: outcome };
      }
      if (outcome === "refused") continue;
      if (isRepeat) throw slot.connection.lostError(request.label);
      isRepeat = true;
    }
  }

  async #startIn(slot: Slot<StdioTunnel>, request: ProcessRequest): Promise<StartOutcome> {
    const { connection } = slot;
    const onClosed = () => slot.release();
    const started = await startProcess(connection, request, { groups: this.#groups, onClosed });
    if (!("why" in started)) {
      slot.confirm();
      return started;
    }
    if (isLimit(started, slot)) {
      slot.refuse();
      return "refused";
    }
    slot.release();
    if (started.why === "unsent") return "unsent";
    if (!connection.isOpen) throw connection.lostError(request.label);
    throw channelError(this.endpoint, request.label, started.error);
  }

  /** After an abort, what starts in a moment is waited for, to be ended in good order; a server that is silent is not. */
  async #patiently(starting: Promise<StartOutcome>, signal: AbortSignal | undefined): Promise<StartOutcome> {
    try {
      return await abortable(starting, signal);
    } catch (error) {
      const settled = starting.catch(() => undefined);
      if (await isWithin(settled, startGraceMs)) return starting;
      void settled.then(async (late) => {
        if (typeof late === "object") await late.end();
      });
      throw error;
    }
  }

  async #forward(target: ForwardTarget, signal: AbortSignal | undefined): Promise<AgentSocket> {
    let isRepeat = false;
    for (;;) {
      const askedAt = performance.now();
      const connection = await abortable(this.#scheduler.connect(), signal);
      const grantedAt = performance.now();
      const opened = await abortable(connection.openForward(target), signal, (late) => {
        if (!("why" in late)) late.destroy();
      });
      if (!("why" in opened)) {
        // One that was lost before this line has told its end to nobody.
        if (!opened.destroyed) {
          this.#reportOpened("socketPath" in target ? "socket" : "port", askedAt, grantedAt);
          return opened;
        }
      } else if (opened.why !== "unsent") throw forwardingError(this.endpoint, describeTarget(target), opened.error);
      if (isRepeat) throw connection.lostError(`opening ${describeTarget(target)}`);
      isRepeat = true;
    }
  }
}

/** Whether the server has no room for a further session, as opposed to a command that it never runs. */
function isLimit({ why }: OpenFailure, slot: Slot<StdioTunnel>): boolean {
  return why === "refused" || (why === "not-started" && slot.connection.isOpen && slot.hasOthers);
}

function fallbackError({ name }: SshEndpoint, { argv, target, hint }: FallbackCommand, stderr: string): OttoError {
  const command = argv.join(" ");
  const message = `reaching ${target} of ${name} by ${command}: ${cleanText(stderr)}`;
  return new OttoError("SSH_FORWARDING_REFUSED", message, { hint, details: { hop: name, command } });
}

function reasonOf(error: unknown): unknown {
  return ((error as Error).cause as { reason?: unknown } | undefined)?.reason;
}

function isProhibited(error: unknown): boolean {
  return reasonOf(error) === administrativelyProhibited;
}

function isRefusedByTarget(error: unknown): boolean {
  return typeof reasonOf(error) === "number" && !isProhibited(error);
}
