import type { Readable } from "node:stream";
import type { Channel } from "ssh2";
import { AgentSocket } from "../transport/agent-socket.js";
import { createSink, readAheadBytes } from "../transport/channel-sink.js";
import { forward } from "./channel-streams.js";
import { hasServerEnded } from "./internals.js";

/** A forwarded channel as the socket that it stands for. */
export class ChannelSocket extends AgentSocket {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    const sink = createSink(channel);
    super({
      ...sink.methods,
      allowHalfOpen: false,
      readableHighWaterMark: readAheadBytes,
      read: () => channel.resume(),
    });
    this.#channel = channel;
    forward(channel, this);
    // Unread, stderr would hold the channel's window.
    (channel.stderr as Readable).resume();
    channel.once("close", () => {
      sink.closeByPeer();
      if (this.readableEnded) this.destroy();
      else this.once("end", () => this.destroy());
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#channel.removeAllListeners("data");
    this.#channel.resume();
    this.#channel.close();
    callback(error);
  }

  /** Ends as a lost connection does, unless every byte is here already. */
  fail(error: Error): void {
    if (!hasServerEnded(this.#channel)) this.destroy(error);
  }
}
