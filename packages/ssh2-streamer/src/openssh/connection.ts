import type { Socket } from "node:net";
import { isWithin, type OttoError } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { watchSilence } from "../transport/liveness.js";
import { explainLoss, LossNotice } from "../transport/loss.js";
import { sessionLimitOf } from "../transport/server-faults.js";
import {
  type Connection,
  describeTarget,
  type ExecChannel,
  type ExecRequest,
  type ForwardTarget,
  type Loss,
  type OpenFailure,
} from "../transport/transport.js";
import { probeIntervalMs } from "./arguments.js";
import { type Channel, Channels } from "./channels.js";
import { createExecChannel } from "./exec-channel.js";
import { ForwardSocket } from "./forward-socket.js";
import { guardProcess } from "./guard.js";
import { readLossCause } from "./login-log.js";
import type { Master } from "./master.js";
import { encodeFields } from "./wire.js";

export interface ConnectionSetting {
  readonly endpoint: SshEndpoint;
  /** What it logged in by. */
  readonly master: Master;
  /** Carries the packets of the connection protocol. */
  readonly socket: Socket;
  readonly pid: number;
  readonly serverVersion: string;
  /** How many hops carry it. */
  readonly depth: number;
  /** `performance.now()` when connecting began. */
  readonly startedAt: number;
}

/** A master that is asked to end has this long for it. */
const endGraceMs = 1000;

/** An authenticated connection of an `ssh`, whose channels are ours. */
export class OpensshConnection implements Connection {
  readonly endpoint: SshEndpoint;
  readonly connectMs: number;
  readonly sessionLimit: number;
  readonly #notice: LossNotice;
  readonly #channels: Channels;
  readonly #socket: Socket;
  readonly #master: Master;
  readonly #pid: number;
  readonly #stopWatching: () => void;
  readonly #stopGuarding: () => void;
  #closed: Promise<void> | undefined;

  constructor({ endpoint, master, socket, pid, serverVersion, startedAt, depth }: ConnectionSetting) {
    this.endpoint = endpoint;
    this.connectMs = performance.now() - startedAt;
    this.sessionLimit = sessionLimitOf(serverVersion);
    this.#notice = new LossNotice(endpoint);
    this.#channels = new Channels(socket);
    this.#socket = socket;
    this.#master = master;
    this.#pid = pid;
    this.#stopWatching = this.#watch(depth);
    // What passes through this process ends with it.
    this.#stopGuarding = master.passing === undefined ? guardProcess(pid) : () => {};
    socket.on("data", (chunk: Buffer) => {
      try {
        this.#channels.push(chunk);
      } catch (error) {
        this.#lose(explainLoss(endpoint, error as Error));
      }
    });
    socket.on("error", () => {});
    socket.once("close", () => this.#lose(this.#explainEnd()));
    socket.resume();
  }

  get isOpen(): boolean {
    return this.#notice.isOpen;
  }

  async openExec(request: ExecRequest): Promise<ExecChannel | OpenFailure> {
    const opened = await this.#channels.open("session", Buffer.alloc(0), (channel) =>
      createExecChannel(channel, this, request),
    );
    if ("why" in opened) return opened;
    const { channel, user } = opened;
    const isStarted = await startIn(channel, request);
    if (isStarted === true) return user.exec;
    channel.close();
    if (isStarted === undefined) return { why: "cut-off", error: new Error("the server closed the session") };
    return { why: "not-started", error: new Error("the server does not start it") };
  }

  async openForward(target: ForwardTarget): Promise<ForwardSocket | OpenFailure> {
    const [type, fields] = formatTarget(target);
    const opened = await this.#channels.open(type, fields, (channel) => {
      const socket = new ForwardSocket(channel);
      // Between a dial and its use nobody listens yet.
      socket.on("error", () => {});
      const forget = this.onLost(() => socket.fail(this.lostError(`a stream to ${describeTarget(target)}`)));
      socket.once("close", forget);
      return socket;
    });
    return "why" in opened ? opened : opened.user;
  }

  onLost(listener: (loss: Loss) => void): () => void {
    return this.#notice.onLost(listener);
  }

  lostError(inFlight: string): OttoError {
    return this.#notice.lostError(inFlight);
  }

  async close(cause: string): Promise<void> {
    this.#lose({ hop: this.endpoint.name, cause });
    await this.#closed;
  }

  #lose(loss: Loss): void {
    if (!this.#notice.report(loss)) return;
    this.#stopWatching();
    this.#stopGuarding();
    this.#channels.lose();
    this.#socket.destroy();
    this.#closed = this.#endMaster();
  }

  #watch(depth: number): () => void {
    const { passing } = this.#master;
    if (passing === undefined) return () => {};
    const { endpoint } = this;
    const intervalMs = probeIntervalMs(endpoint);
    const { name: hop, keepaliveCountMax: countMax = 3 } = endpoint;
    const onSilent = (silentMs: number) => this.#lose({ hop, cause: `no byte for ${silentMs} ms` });
    return watchSilence(passing, { intervalMs, countMax, graceMs: (depth * intervalMs) / 2 }, onSilent);
  }

  #explainEnd(): Loss {
    const { streamError, log } = this.#master;
    if (streamError !== undefined) return explainLoss(this.endpoint, streamError);
    return { hop: this.endpoint.name, cause: readLossCause(log) ?? "the server closed it" };
  }

  async #endMaster(): Promise<void> {
    // Its stderr is open as long as it lives: the id is its own until then.
    signalProcess(this.#pid, "SIGTERM");
    if (!(await isWithin(this.#master.ended, endGraceMs))) signalProcess(this.#pid, "SIGKILL");
    await this.#master.release();
  }
}

async function startIn(channel: Channel, { line, terminal }: ExecRequest): Promise<boolean | undefined> {
  if (terminal !== undefined) {
    const { term = "xterm-256color", columns, rows } = terminal;
    const size = [columns, rows, 0, 0].map((uint32) => ({ uint32 }));
    // No modes.
    const isGiven = await channel.request("pty-req", encodeFields([{ string: term }, ...size, { string: "\0" }]));
    if (isGiven !== true) return isGiven;
  }
  if (line === undefined) return channel.request("shell", Buffer.alloc(0));
  return channel.request("exec", encodeFields([{ string: line }]));
}

/** RFC 4254, 7.2, and PROTOCOL of OpenSSH, 2.4. */
function formatTarget(target: ForwardTarget): [type: string, fields: Buffer] {
  if ("socketPath" in target) {
    const fields = [{ string: target.socketPath }, { string: "" }, { uint32: 0 }];
    return ["direct-streamlocal@openssh.com", encodeFields(fields)];
  }
  const { host, port } = target;
  return ["direct-tcpip", encodeFields([{ string: host }, { uint32: port }, { string: "127.0.0.1" }, { uint32: 0 }])];
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
