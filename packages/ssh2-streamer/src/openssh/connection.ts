import type { Socket } from "node:net";
import { isWithin, type OttoError } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import { watchSilence } from "../transport/liveness.js";
import { explainLoss, LossNotice } from "../transport/loss.js";
import { sessionLimitOf } from "../transport/server-faults.js";
import type { Connection, ExecChannel, ExecRequest, ForwardTarget, Loss, OpenFailure } from "../transport/transport.js";
import { probeIntervalMs } from "./arguments.js";
import { Channels, formatPacket } from "./channels.js";
import type { ForwardSocket } from "./forward-socket.js";
import { guardProcess } from "./guard.js";
import { readLossCause } from "./login-log.js";
import type { Master } from "./master.js";
import { openExecIn, openForwardIn } from "./open-channel.js";
import { MessageReader } from "./wire.js";

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
  #receive: (message: Buffer) => void;
  #closed: Promise<void> | undefined;

  constructor({ endpoint, master, socket, pid, serverVersion, startedAt, depth }: ConnectionSetting) {
    this.endpoint = endpoint;
    this.connectMs = performance.now() - startedAt;
    this.sessionLimit = sessionLimitOf(serverVersion);
    this.#notice = new LossNotice(endpoint);
    this.#channels = new Channels(socket);
    this.#receive = (message) => this.#channels.receive(message);
    this.#socket = socket;
    this.#master = master;
    this.#pid = pid;
    this.#stopWatching = this.#watch(depth);
    // What passes through this process ends with it.
    this.#stopGuarding = master.passing === undefined ? guardProcess(pid) : () => {};
    const packets = new MessageReader();
    socket.on("data", (chunk: Buffer) => {
      try {
        packets.push(chunk, (packet) => this.#receive(packet.subarray(1)));
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

  openExec(request: ExecRequest): Promise<ExecChannel | OpenFailure> {
    return openExecIn(this.#channels, this, request);
  }

  openForward(target: ForwardTarget): Promise<ForwardSocket | OpenFailure> {
    return openForwardIn(this.#channels, this, target);
  }

  async relay(receive: (message: Buffer) => void): Promise<(message: Buffer) => void> {
    this.#receive = receive;
    return (message) => this.#socket.write(formatPacket(message));
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

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
