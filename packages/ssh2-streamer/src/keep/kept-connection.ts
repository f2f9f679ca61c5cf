import type { Socket } from "node:net";
import type { OttoError } from "@otto/errors";
import { Channels } from "../openssh/channels.js";
import type { ForwardSocket } from "../openssh/forward-socket.js";
import { openExecIn, openForwardIn } from "../openssh/open-channel.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { watchSilence } from "../transport/liveness.js";
import { explainLoss, LossNotice } from "../transport/loss.js";
import type { Connection, ExecChannel, ExecRequest, ForwardTarget, Loss, OpenFailure } from "../transport/transport.js";
import { type Control, closeOf, type KeeperChannel } from "./keeper-wire.js";

/** A connection that a keeper has; its channels are ours. */
export class KeptConnection implements Connection {
  readonly endpoint: SshEndpoint;
  readonly connectMs: number;
  readonly sessionLimit: number;
  readonly #socket: Socket;
  readonly #notice: LossNotice;
  readonly #channels: Channels;
  readonly #keeper: KeeperChannel;
  readonly #stopWatching: () => void;
  #receive: (message: Buffer) => void;
  #reportedLoss: Loss | undefined;

  /** @param keeper which has said what connection it has: it listens from now on to what comes next */
  constructor(
    endpoint: SshEndpoint,
    keeper: KeeperChannel,
    { sessionLimit, connectMs }: Extract<Control, { readonly connection: unknown }>["connection"],
  ) {
    this.endpoint = endpoint;
    this.connectMs = connectMs;
    this.sessionLimit = sessionLimit ?? Number.POSITIVE_INFINITY;
    const { socket } = keeper;
    this.#socket = socket;
    this.#notice = new LossNotice(endpoint);
    this.#keeper = keeper;
    keeper.user = {
      onControl: (control) => {
        if ("loss" in control) this.#reportedLoss = control.loss;
      },
      onMessage: (message) => this.#take(message),
    };
    this.#channels = new Channels(socket);
    this.#receive = (message) => this.#channels.receive(message);
    this.#stopWatching = this.#watch();
    socket.on("error", () => {});
    socket.once("close", () =>
      this.#lose(this.#reportedLoss ?? { hop: endpoint.name, cause: "the process that kept it has ended" }),
    );
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
    return this.#keeper.sendMessage;
  }

  onLost(listener: (loss: Loss) => void): () => void {
    return this.#notice.onLost(listener);
  }

  lostError(inFlight: string): OttoError {
    return this.#notice.lostError(inFlight);
  }

  /** Leaves the connection to the keeper, which closes the channels that are open. */
  async close(cause: string): Promise<void> {
    const closed = closeOf(this.#socket);
    this.#lose({ hop: this.endpoint.name, cause });
    await closed;
  }

  #take(message: Buffer): void {
    try {
      this.#receive(message);
    } catch (error) {
      this.#lose(explainLoss(this.endpoint, error as Error));
    }
  }

  /** A keeper that stands still is as good as a dead link. */
  #watch(): () => void {
    const { name: hop, keepaliveIntervalMs: intervalMs = 15_000, keepaliveCountMax: countMax = 3 } = this.endpoint;
    if (intervalMs <= 0) return () => {};
    const onSilent = (silentMs: number) =>
      this.#lose({ hop, cause: `the process that keeps it said nothing for ${silentMs} ms` });
    // The keeper itself is to say first that the link is dead.
    const stop = watchSilence(this.#socket, { intervalMs, countMax, graceMs: intervalMs }, onSilent);
    const timer = setInterval(() => this.#keeper.sendControl({ ping: 1 }), intervalMs).unref();
    return () => {
      clearInterval(timer);
      stop();
    };
  }

  #lose(loss: Loss): void {
    if (!this.#notice.report(loss)) return;
    this.#stopWatching();
    this.#channels.lose();
    this.#socket.destroy();
  }
}
