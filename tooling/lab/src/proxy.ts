import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { openLink, type ProxyOptions, type Traffic } from "./proxy-link.js";

/** A TCP proxy before one sshd. */
export interface LabProxy {
  readonly port: number;
  /** Bytes carried since the start. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Connections made through it since the start. */
  readonly connections: number;
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
