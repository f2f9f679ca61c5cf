import { setImmediate } from "node:timers/promises";
import type { Route } from "./link.js";

export interface LinkCounts {
  readonly upBytes: number;
  readonly downBytes: number;
  readonly handshakes: number;
  /** Undefined where the link has no delay: without one, no trip can be told from the next. */
  readonly roundTrips: number | undefined;
}

/** Starts counting what goes over the link of a route; the answer is what went since. */
export async function startCounting(route: Route): Promise<() => Promise<LinkCounts>> {
  const before = await readCounts(route);
  return async () => {
    // What a command wrote last may still wait to be read by the proxy, which is of this process.
    for (let tick = 0; tick < 3; tick += 1) await setImmediate();
    const after = await readCounts(route);
    return {
      upBytes: after.upBytes - before.upBytes,
      downBytes: after.downBytes - before.downBytes,
      handshakes: after.handshakes - before.handshakes,
      roundTrips: after.roundTrips === undefined ? undefined : after.roundTrips - (before.roundTrips ?? 0),
    };
  };
}

async function readCounts({ entry, hosts }: Route): Promise<LinkCounts> {
  const { proxy } = entry;
  if (proxy === undefined) throw new Error(`bench: ${entry.name} has no proxy`);
  const handshakes = await Promise.all(hosts.map((host) => host.handshakes()));
  const isDelayed = (entry.options.proxy?.delayMs ?? 0) > 0;
  return {
    upBytes: proxy.bytes.up,
    downBytes: proxy.bytes.down,
    handshakes: handshakes.reduce((sum, count) => sum + count, 0),
    roundTrips: isDelayed ? proxy.roundTrips : undefined,
  };
}
