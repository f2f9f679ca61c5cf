import { AgentSocket } from "../transport/agent-socket.js";
import { createSink, readAheadBytes } from "../transport/channel-sink.js";
import type { Channel, ChannelUser } from "./channels.js";
import { Inbound } from "./inbound.js";

/** A forwarded channel as the socket that it stands for. */
export class ForwardSocket extends AgentSocket implements ChannelUser {
  readonly #channel: Channel;
  readonly #inbound: Inbound;
  readonly #closeByPeer: () => void;

  constructor(channel: Channel) {
    const sink = createSink(channel);
    super({
      ...sink.methods,
      allowHalfOpen: false,
      readableHighWaterMark: readAheadBytes,
      read: () => this.#inbound.resume(),
    });
    this.#channel = channel;
    this.#inbound = new Inbound(this, (bytes) => channel.consume(bytes));
    this.#closeByPeer = sink.closeByPeer;
  }

  onData(chunk: Buffer, isStderr: boolean): void {
    // Such a channel has no stderr; what claims to be some must not hold the window.
    if (isStderr) this.#channel.consume(chunk.length);
    else this.#inbound.push(chunk);
  }

  onEof(): void {
    this.#inbound.end();
  }

  onRequest(): void {}

  onClose(): void {
    this.#inbound.end();
    this.#closeByPeer();
    if (this.readableEnded) this.destroy();
    else this.once("end", () => this.destroy());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#inbound.drop();
    this.#channel.close();
    callback(error);
  }

  /** Ends as a lost connection does, unless every byte is here already. */
  fail(error: Error): void {
    if (!this.#channel.hasPeerEnded) this.destroy(error);
  }
}
