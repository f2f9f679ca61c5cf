import type { Duplex } from "node:stream";
import type { OttoError } from "@otto/errors";
import type { Client, ClientChannel } from "ssh2";
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
import { ChannelSocket } from "./channel-socket.js";
import { createExecChannel } from "./exec-channel.js";
import { closeUnstartedSession, relayChannels, serverVersion } from "./internals.js";
import { classifyOpenFailure } from "./open-failure.js";

export interface ConnectionSetting {
  readonly endpoint: SshEndpoint;
  readonly client: Client;
  readonly socket: Duplex;
  /** How many hops carry it. */
  readonly depth: number;
  /** `performance.now()` when connecting began. */
  readonly startedAt: number;
}

type Done = (error: Error | undefined, channel: ClientChannel) => void;

/** An authenticated client of ssh2. It knows when it is lost, and tells everyone who has something under way. */
export class Ssh2Connection implements Connection {
  readonly endpoint: SshEndpoint;
  readonly connectMs: number;
  readonly sessionLimit: number;
  readonly #client: Client;
  readonly #socket: Duplex;
  readonly #notice: LossNotice;
  readonly #stopWatching: () => void;
  readonly #closed: Promise<void>;

  constructor({ endpoint, client, socket, depth, startedAt }: ConnectionSetting) {
    this.endpoint = endpoint;
    this.connectMs = performance.now() - startedAt;
    this.sessionLimit = sessionLimitOf(serverVersion(client));
    this.#notice = new LossNotice(endpoint);
    this.#client = client;
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
    const { name, keepaliveIntervalMs: intervalMs = 15_000, keepaliveCountMax: countMax = 3 } = endpoint;
    client.on("error", (error: Error & { level?: string }) => {
      if (error.level !== "agent") this.#lose(explainLoss(endpoint, error));
    });
    const onEnd = () => this.#lose({ hop: name, cause: "the server closed it" });
    client.once("end", onEnd);
    client.once("close", onEnd);
    const onSilent = (silentMs: number) => this.#lose({ hop: name, cause: `no byte for ${silentMs} ms` });
    // When a hop falls silent, all that it carries does: its own connection is to say so first.
    this.#stopWatching = watchSilence(socket, { intervalMs, countMax, graceMs: (depth * intervalMs) / 2 }, onSilent);
  }

  get isOpen(): boolean {
    return this.#notice.isOpen;
  }

  openExec(request: ExecRequest): Promise<ExecChannel | OpenFailure> {
    const { line, terminal } = request;
    const pty = terminal && {
      cols: terminal.columns,
      rows: terminal.rows,
      term: terminal.term ?? "xterm-256color",
      width: 0,
      height: 0,
    };
    return this.#open(
      (channel) => createExecChannel(channel, this, request),
      (done) => {
        if (line === undefined) this.#client.shell(pty ?? false, done);
        else this.#client.exec(line, pty === undefined ? {} : { pty }, done);
      },
    );
  }

  openForward(target: ForwardTarget): Promise<ChannelSocket | OpenFailure> {
    return this.#open(
      (channel) => {
        const socket = new ChannelSocket(channel);
        // Between a dial and its use nobody listens yet.
        socket.on("error", () => {});
        const forget = this.onLost(() => socket.fail(this.lostError(`a stream to ${describeTarget(target)}`)));
        socket.once("close", forget);
        return socket;
      },
      (done) => {
        if ("socketPath" in target) this.#client.openssh_forwardOutStreamLocal(target.socketPath, done);
        else this.#client.forwardOut("127.0.0.1", 0, target.host, target.port, done);
      },
    );
  }

  relay(receive: (message: Buffer) => void): Promise<(message: Buffer) => void> {
    return relayChannels(this.#client, receive);
  }

  onLost(listener: (loss: Loss) => void): () => void {
    return this.#notice.onLost(listener);
  }

  lostError(inFlight: string): OttoError {
    return this.#notice.lostError(inFlight);
  }

  async close(cause: string): Promise<void> {
    if (this.isOpen) this.#client.end();
    this.#lose({ hop: this.endpoint.name, cause });
    await this.#closed;
  }

  #lose(loss: Loss): void {
    if (!this.#notice.report(loss)) return;
    this.#stopWatching();
    this.#socket.destroy();
  }

  /** @param use called in ssh2's own callback: what a channel says after that is lost on who listens later */
  #open<T>(use: (channel: ClientChannel) => T, request: (done: Done) => void): Promise<T | OpenFailure> {
    return new Promise((resolve) => {
      const fail = (error: Error) => {
        const failure = classifyOpenFailure(error);
        const isCutOff = failure.why === "not-started" && !closeUnstartedSession(this.#client);
        resolve(isCutOff ? { why: "cut-off", error } : failure);
      };
      try {
        request((error, channel) => (error === undefined ? resolve(use(channel)) : fail(error)));
      } catch (error) {
        // On a connection that is gone ssh2 throws instead of calling back.
        fail(error as Error);
      }
    });
  }
}
