import type { Duplex } from "node:stream";
import { abortable, anySignal, isWithin } from "@otto/errors";
import type { Terminal } from "../command/command.js";
import { formatEndCommand, formatSignalCommand } from "../process/process-group.js";
import { type ChannelProcess, createProcess, type GroupControl } from "../process/remote-process.js";
import type { SshEndpoint } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import { channelError, connectError, forwardingError } from "../route/failure.js";
import { ConnectionPool } from "../schedule/connection-pool.js";
import type { Slot, SlotRequest } from "../schedule/session-slots.js";
import { ChannelSocket } from "../ssh2/channel-socket.js";
import { openConnection } from "../ssh2/connector.js";
import { describeTarget, type ForwardTarget, openForward, openSession } from "../ssh2/open-channel.js";
import { administrativelyProhibited } from "../ssh2/open-failure.js";
import { openTcp } from "../ssh2/tcp.js";
import type { ConnectGate } from "./connect-gate.js";
import { formatPortCommand, openPortSocket } from "./port-tool.js";

export interface MachineSetting {
  readonly endpoint: SshEndpoint;
  /** The machine before it on the way. */
  readonly via: Machine | undefined;
  /** Fires when the session is closed. */
  readonly signal: AbortSignal;
  readonly onEvent: SshEventListener;
  readonly connectGate: ConnectGate | undefined;
}

export interface ProcessRequest extends SlotRequest {
  /** The command line; undefined: the login shell. */
  readonly line: string | undefined;
  /** What runs, for messages. */
  readonly label: string;
  /** Ends the wait for a session, and the process. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the wait for a session only. */
  readonly waitSignal?: AbortSignal | undefined;
  readonly terminal?: Terminal | undefined;
  /** Whether the line tells its process id; see {@link formatCommandLine}. */
  readonly tellsPid?: boolean | undefined;
}

type StartOutcome = ChannelProcess | "refused" | "unsent";

/** A process that was asked for before an abort has this long to start. */
const startGraceMs = 1500;

/** One machine on the route: its connections, and what is opened over them. */
export class Machine {
  readonly endpoint: SshEndpoint;
  /** How many machines are before it. */
  readonly depth: number;
  readonly #setting: MachineSetting;
  readonly #pool: ConnectionPool;
  readonly #groups: GroupControl = {
    end: (groupId) => this.#runToEnd(formatEndCommand(groupId)),
    signal: (groupId, name) => this.#runToEnd(formatSignalCommand(groupId, name)),
  };
  #forwardsTcp = true;

  constructor(setting: MachineSetting) {
    this.endpoint = setting.endpoint;
    this.#setting = setting;
    const { endpoint, signal, onEvent } = setting;
    const depth = setting.via === undefined ? 0 : setting.via.depth + 1;
    this.depth = depth;
    const dial = (dialing: AbortSignal) => this.#dial(dialing);
    const connect = () => openConnection({ endpoint, dial, signal, depth, onEvent });
    const gate = setting.connectGate;
    // A connection through a hop waits for the hop's own: gated too, the two could wait for each other.
    const open = gate === undefined || depth > 0 ? connect : () => gate(connect);
    this.#pool = new ConnectionPool({ endpoint, open, onEvent });
  }

  async connect(signal?: AbortSignal): Promise<void> {
    await abortable(this.#pool.connect(), signal);
  }

  /** Starts a process, when a session is free for it. What had not reached the server is tried once more. */
  async start(request: ProcessRequest): Promise<ChannelProcess> {
    const signal = anySignal(request.signal, request.waitSignal);
    let isRepeat = false;
    for (;;) {
      const slot = await this.#pool.acquire(request, signal);
      const outcome = await this.#patiently(this.#tryStart(slot, request), signal);
      if (typeof outcome === "object") return outcome;
      if (outcome === "refused") continue;
      if (isRepeat) throw slot.connection.lostError(request.label);
      isRepeat = true;
    }
  }

  /** Opens a stream to a Unix socket of the machine. */
  openSocket(socketPath: string, signal?: AbortSignal): Promise<ChannelSocket> {
    return this.#forward({ socketPath }, signal);
  }

  /** Opens a stream to a port as the machine sees it, by forwarding alone. */
  forwardPort(host: string, port: number, signal?: AbortSignal): Promise<ChannelSocket> {
    return this.#forward({ host, port }, signal);
  }

  /** Opens a stream to a port as the machine sees it, by forwarding or by a tool of the machine. */
  async openPort(host: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    if (this.#forwardsTcp) {
      try {
        return await this.#forward({ host, port }, signal);
      } catch (error) {
        if (!isProhibited(error)) throw error;
        this.#forwardsTcp = false;
        const hop = this.endpoint.name;
        this.#setting.onEvent({ type: "ssh.forwarding-replaced", hop, by: "nc", cause: (error as Error).message });
      }
    }
    const target = describeTarget({ host, port });
    const process = await this.start({
      line: formatPortCommand(host, port),
      label: `a stream to ${target}`,
      lifetime: "long",
      tellsPid: true,
      waitSignal: signal,
    });
    if (signal?.aborted) void process.end();
    return openPortSocket(this.endpoint, process, target);
  }

  /** A stream with a `reclaim` became idle: who waits may have its session. */
  offerParked(): void {
    this.#pool.review();
  }

  /** Whether such a session has to be given up, even if another stream could go on with it. */
  get owesPlace(): boolean {
    return this.#pool.owesPlace;
  }

  /** A session served one who waited without becoming free: no reason for a further connection. */
  noteProgress(): void {
    this.#pool.noteProgress();
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #runToEnd(line: string): Promise<void> {
    const { stdin, stdout, stderr, exit } = await this.start({ line, label: "ending a process", lifetime: "urgent" });
    stdin.end();
    stdout.resume();
    stderr.resume();
    await exit;
  }

  async #dial(signal: AbortSignal): Promise<Duplex> {
    const { via, endpoint } = this.#setting;
    if (via === undefined) return openTcp(endpoint, signal);
    try {
      return await via.openPort(endpoint.host, endpoint.port ?? 22, signal);
    } catch (error) {
      // The hop does forward; it is the next machine that does not answer it.
      if (isRefusedByTarget(error)) throw connectError(endpoint, "unreachable", error);
      throw error;
    }
  }

  async #tryStart(slot: Slot, request: ProcessRequest): Promise<StartOutcome> {
    const { connection } = slot;
    const { label, signal } = request;
    const opened = await openSession(connection, request, (channel) => {
      slot.confirm();
      const { tellsPid = false } = request;
      const onClosed = () => slot.release();
      return createProcess(channel, { connection, label, signal, tellsPid, groups: this.#groups, onClosed });
    });
    if (!("why" in opened)) return opened;
    if (opened.why === "refused") {
      slot.refuse();
      return "refused";
    }
    slot.release();
    if (opened.why === "unsent") return "unsent";
    throw connection.isOpen ? channelError(this.endpoint, label, opened.error) : connection.lostError(label);
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

  async #forward(target: ForwardTarget, signal: AbortSignal | undefined): Promise<ChannelSocket> {
    let isRepeat = false;
    for (;;) {
      const connection = await abortable(this.#pool.connect(), signal);
      const opened = await abortable(openForward(connection, target), signal, (late) => {
        if (late instanceof ChannelSocket) late.destroy();
      });
      if (opened instanceof ChannelSocket) {
        // One that was lost before this line has told its end to nobody.
        if (!opened.destroyed) return opened;
      } else if (opened.why !== "unsent") throw forwardingError(this.endpoint, describeTarget(target), opened.error);
      if (isRepeat) throw connection.lostError(`opening ${describeTarget(target)}`);
      isRepeat = true;
    }
  }
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
