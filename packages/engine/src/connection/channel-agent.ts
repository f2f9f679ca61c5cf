import { setMaxListeners } from "node:events";
import { Agent, type AgentOptions, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import { abortable } from "@otto/errors";

/** Opens one stream to the engine's API socket. */
export type DialEngine = (signal?: AbortSignal) => Promise<Duplex>;

type OnSocket = (error: Error | null, stream: Duplex) => void;
type OnFailure = (error: Error) => void;

// Idle channels are cheap, but each is a file descriptor on the parent.
const maxIdleChannels = 4;

/** An `http.Agent` whose connections are streams from `dial`, kept alive between requests. */
export class ChannelAgent extends Agent {
  readonly #dial: DialEngine;
  readonly #open = new Set<Duplex>();
  #closing = createClosing();

  constructor(dial: DialEngine) {
    super({ keepAlive: true, maxFreeSockets: maxIdleChannels, scheduling: "lifo" } satisfies AgentOptions);
    this.#dial = dial;
  }

  override createConnection(_options: ClientRequestArgs, callback?: OnSocket): undefined {
    this.connect().then(
      (channel) => callback?.(null, channel),
      // Node reads no stream beside an error, whatever its types say.
      (error: unknown) => (callback as OnFailure | undefined)?.(error as Error),
    );
  }

  /** A connection of its own, which `destroy` ends too. */
  async connect(): Promise<Duplex> {
    const { signal } = this.#closing;
    const channel = await abortable(this.#dial(signal), signal, (late) => late.destroy());
    // One that is closed already does not say so again.
    if (channel.destroyed) throw channel.errored ?? new Error("the connection was closed");
    this.#open.add(channel);
    channel.once("close", () => this.#open.delete(channel));
    // Between an upgrade and its reader nobody else listens.
    channel.on("error", () => {});
    // As a `net.Socket` does: an idle one whose engine has gone must not take another request.
    channel.allowHalfOpen = false;
    return asSocket(channel);
  }

  /** Ends every channel, those in use and those that are being opened too. */
  override destroy(): void {
    super.destroy();
    this.#closing.abort(new Error("the connection was closed"));
    this.#closing = createClosing();
    for (const channel of this.#open) channel.destroy();
  }
}

function createClosing(): AbortController {
  const closing = new AbortController();
  // Each dial listens to it.
  setMaxListeners(0, closing.signal);
  return closing;
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
