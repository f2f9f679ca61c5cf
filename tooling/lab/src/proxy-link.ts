import type { Socket } from "node:net";
import type { RoundTripCounter, TripObserver } from "./round-trips.js";

export interface ProxyOptions {
  /** Milliseconds that each direction is late; the round trip grows by twice as much. Default 0. */
  readonly delayMs?: number;
  /** Bits per second, in each direction of each connection. Default: no limit. */
  readonly bitsPerSecond?: number;
}

/** What the links of one proxy share. */
export interface Traffic {
  readonly options: ProxyOptions;
  readonly bytes: { up: number; down: number };
  readonly trips: RoundTripCounter;
  swallowing: boolean;
  /** Called with the size of each chunk; true: cut here. */
  isCutBy(sizeBytes: number): boolean;
}

/** Joins two sockets; `cut` resets both. */
export function openLink(client: Socket, upstream: Socket, traffic: Traffic): { cut(): void } {
  const cut = () => {
    // libuv refuses to reset a socket whose end is on its way, and Node's process then never exits.
    for (const socket of [client, upstream]) socket[socket.writableEnded ? "destroy" : "resetAndDestroy"]();
  };
  const trips = traffic.trips.observe();
  carry({ from: client, to: upstream, direction: "up", traffic, trips, cut });
  carry({ from: upstream, to: client, direction: "down", traffic, trips, cut });
  return { cut };
}

interface OneWay {
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: "up" | "down";
  readonly traffic: Traffic;
  readonly trips: TripObserver;
  readonly cut: () => void;
}

// A chunk leaves `delayMs` after it came, and not before the bytes ahead of it have had their time on the wire.
function carry({ from, to, direction, traffic, trips, cut }: OneWay): void {
  const { delayMs = 0, bitsPerSecond = Number.POSITIVE_INFINITY } = traffic.options;
  let freeAt = 0;
  let held = 0;
  const later = (send: () => void, sizeBytes: number) => {
    const now = performance.now();
    freeAt = Math.max(freeAt, now) + (sizeBytes * 8000) / bitsPerSecond;
    const wait = freeAt - now + delayMs;
    if (wait < 1 && held === 0) return send();
    held += sizeBytes;
    if (held > 4 << 20) from.pause();
    setTimeout(() => {
      held -= sizeBytes;
      if (held <= 4 << 20) from.resume();
      send();
    }, wait);
  };
  from.on("data", (chunk: Buffer) => {
    traffic.bytes[direction] += chunk.length;
    if (traffic.swallowing) return;
    if (traffic.isCutBy(chunk.length)) return cut();
    const delivered = trips.sent(direction === "up" ? "client" : "server");
    later(() => {
      if (to.destroyed) return;
      delivered();
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    }, chunk.length);
  });
  from.on("end", () => {
    if (!traffic.swallowing) later(() => to.end(), 0);
  });
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded && !traffic.swallowing) to.destroy();
  });
}
