import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { openLink, type ProxyOptions, type Traffic } from "./proxy-link.js";
import { countRoundTrips } from "./round-trips.js";

/** A TCP proxy before one sshd. */
export interface LabProxy {
  readonly port: number;
  /** Bytes carried since the start. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Connections made through it since the start. */
  readonly connections: number;
  /**
   * How often the client has had to wait for the server since the start: the length of the longest chain of bytes up, then bytes
   * down, then bytes up that were sent when those had come, and so on. Requests that are sent before the first of their answers
   * has come are one trip, on whichever connections; what the server says by itself (a banner) and what nobody answers (a window
   * adjust, a close) is none. The count times the delay is never more than the time that passed.
   *
   * Read it before and after to count what lies between: `const mark = proxy.roundTrips; …; proxy.roundTrips - mark`.
   *
   * It needs a delay that is long beside the pauses in which a client sends requests together (`delayMs: 25`): without one, the
   * first is answered before the second is sent. TCP's own handshake is not in it, for the proxy accepts by itself. While bytes go
   * both ways without a pause (a large file and its window adjusts) it counts how many delays that lasts; a keepalive that is
   * answered is one trip. Clients that do not belong together need a proxy each.
   */
  readonly roundTrips: number;
  /** Cuts every connection that is open now (a reset on both sides). */
  cut(): void;
  /** Cuts the connection that carries the `bytes`th byte from now, both directions counted; resolves when it did. */
  cutAfter(bytes: number): Promise<void>;
  /** While on, bytes of both directions vanish and connections stay open. */
  swallow(on: boolean): void;
  /** Resolves when no connection is open: `bytes` has all that was sent through those that were. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port before `targetPort`. */
export async function startProxy(targetPort: number, options: ProxyOptions): Promise<LabProxy> {
  const cutter = createCutter();
  const traffic: Traffic = {
    options,
    bytes: { up: 0, down: 0 },
    trips: countRoundTrips(),
    swallowing: false,
    isCutBy: (sizeBytes) => cutter.isCutBy(sizeBytes),
  };
  const links = new Set<{ cut(): void }>();
  const open = new Set<Promise<unknown>>();
  let connections = 0;
  const server = createServer({ noDelay: true }, (client: Socket) => {
    connections += 1;
    const upstream = dial({ host: "127.0.0.1", port: targetPort, noDelay: true });
    const link = openLink(client, upstream, traffic);
    links.add(link);
    const closed = Promise.all([client, upstream].map(isClosed)).finally(() => open.delete(closed));
    open.add(closed);
    client.once("close", () => links.delete(link));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const link of links) link.cut();
  };
  return {
    port: (server.address() as AddressInfo).port,
    bytes: traffic.bytes,
    get connections() {
      return connections;
    },
    get roundTrips() {
      return traffic.trips.count;
    },
    cut,
    cutAfter: cutter.arm,
    swallow: (on) => {
      traffic.swallowing = on;
    },
    idle: async () => {
      await Promise.all(open);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

const isClosed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

function createCutter() {
  let left = Number.POSITIVE_INFINITY;
  let done: (() => void) | undefined;
  return {
    arm: (bytes: number) =>
      new Promise<void>((resolve) => {
        left = bytes;
        done = resolve;
      }),
    isCutBy(sizeBytes: number) {
      left -= sizeBytes;
      if (left > 0) return false;
      left = Number.POSITIVE_INFINITY;
      done?.();
      return true;
    },
  };
}
