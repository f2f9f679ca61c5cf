import type { Socket } from "node:net";
import type { Duplex, Readable, Writable } from "node:stream";
import { resetSocket } from "./reset.js";

/** Both directions of a connection, which may end apart. */
export interface Tunnel {
  readonly readable: Readable;
  readonly writable: Writable;
  /** Why there never was a connection; undefined: there was one. Some know it from the start, some at their end. */
  readonly failure: Promise<Error | undefined>;
  /** Ends both, at once. */
  close(): void;
}

/** A stream whose two directions end apart. */
export function tunnelOf(stream: Duplex): Tunnel {
  stream.allowHalfOpen = true;
  return {
    readable: stream,
    writable: stream,
    failure: Promise.resolve(undefined),
    close: () => stream.destroy(),
  };
}

/**
 * Passes bytes and ends on, each direction for itself. Not by `pipeline`: when one direction fails it destroys the client's
 * socket, and what the other had sent just before would be lost on the way.
 */
export function joinTunnel(client: Socket, tunnel: Tunnel): void {
  const { readable, writable } = tunnel;
  client.once("close", () => {
    // Where both have ended, the last bytes of the client may be on their way still: the tunnel ends by itself.
    if (!client.readableEnded || !readable.readableEnded) tunnel.close();
  });
  writable.once("error", () => {
    client.unpipe(writable);
    client.resume();
  });
  const onCut = () => {
    // The client must not take it for the end.
    if (!readable.readableEnded) resetSocket(client);
  };
  readable.once("error", onCut);
  readable.once("close", onCut);
  // One that is closed already does not say so again.
  if (readable.destroyed) onCut();
  readable.once("end", () => {
    void tunnel.failure.then((error) => (error === undefined ? client.end() : resetSocket(client)));
  });
  client.pipe(writable);
  readable.pipe(client, { end: false });
}
