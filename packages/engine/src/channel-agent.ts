import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";

/** Opens one stream to the engine's API socket. */
export type DialEngine = (signal?: AbortSignal) => Promise<Duplex>;

type OnSocket = (error: Error | null, stream: Duplex) => void;

// Idle channels are cheap, but each is a file descriptor on the parent.
const maxIdleChannels = 4;

/** An `http.Agent` whose connections are streams from `dial`, kept alive between requests. */
export class ChannelAgent extends Agent {
  readonly #dial: DialEngine;
  readonly #open = new Set<Duplex>();

  constructor(dial: DialEngine) {
    super({ keepAlive: true, maxFreeSockets: maxIdleChannels, scheduling: "lifo" } satisfies AgentOptions);
    this.#dial = dial;
  }

  override createConnection(_options: ClientRequestArgs, callback?: OnSocket): undefined {
    this.#dial().then(
      (channel) => {
        this.#open.add(channel);
        channel.once("close", () => this.#open.delete(channel));
        callback?.(null, asSocket(channel));
      },
      // Node reads no stream beside an error, whatever its types say.
      (error: unknown) => callback?.(error as Error, undefined as unknown as Duplex),
    );
  }

  /** Ends every channel, those in use too. */
  override destroy(): void {
    super.destroy();
    for (const channel of this.#open) channel.destroy();
  }
}

/** node:http calls these of a `net.Socket` on whatever it is given. */
function asSocket(channel: Duplex): Duplex {
  const noop = () => channel;
  const absent = {
    setKeepAlive: noop,
    setNoDelay: noop,
    setTimeout: noop,
    ref: noop,
    unref: noop,
    destroySoon: () => channel.destroy(),
  };
  for (const [name, value] of Object.entries(absent)) {
    if (!(name in channel)) Object.defineProperty(channel, name, { value });
  }
  return channel;
}
