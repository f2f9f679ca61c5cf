import { once } from "node:events";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { engineSocketPath } from "./engine-socket.js";

/** The way to this machine's engine, on which its answers are passed on up to a number of bytes. */
export class LimitedLink {
  /** Bytes of answers since {@link renew}. */
  passed = 0;
  #limit = Number.POSITIVE_INFINITY;
  readonly #channels = new Set<Duplex>();
  readonly #cut: (channel: Duplex) => void;

  /** @param cut called with the channel on which the limit is reached, and then with each that brings more; see {@link linkCuts} */
  constructor(cut: (channel: Duplex) => void) {
    this.#cut = cut;
  }

  /** How many channels are open. */
  get channels(): number {
    return this.#channels.size;
  }

  renew(limit: number): void {
    this.passed = 0;
    this.#limit = limit;
  }

  async dial(): Promise<Duplex> {
    const socket = connect(engineSocketPath());
    await once(socket, "connect");
    const channel = new Duplex({
      read: () => {},
      write: (chunk, _encoding, done) => socket.write(chunk, () => done()),
      final: (done) => {
        socket.end();
        done();
      },
    });
    this.#channels.add(channel);
    channel.once("close", () => {
      this.#channels.delete(channel);
      socket.destroy();
    });
    socket.on("data", (bytes: Buffer) => this.#pass(bytes, channel));
    socket.once("end", () => {
      if (this.passed < this.#limit) channel.push(null);
    });
    return channel;
  }

  #pass(bytes: Buffer, channel: Duplex): void {
    const left = Math.max(this.#limit - this.passed, 0);
    channel.push(bytes.subarray(0, left));
    this.passed += bytes.length;
    if (bytes.length >= left) this.#cut(channel);
  }
}

/** How a connection is lost. */
export const linkCuts = {
  ends: (channel: Duplex) => void channel.push(null),
  closes: (channel: Duplex) => void channel.destroy(),
  fails: (channel: Duplex) => void channel.destroy(new Error("cut")),
};
