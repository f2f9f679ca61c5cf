import type { Duplex } from "node:stream";
import { startDeadline } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import { type ForwardOptions, forwardFailed, openForward, type PortForward } from "./port-forward.js";
import { openToolTunnel } from "./port-tool.js";
import { type Tunnel, tunnelOf } from "./tunnel.js";

/** A parent, as far as ports are reached from it. */
export interface ForwardOrigin {
  readonly id: string;
  dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  spawn(
    argv: readonly string[],
    options: { readonly signal: AbortSignal; readonly lifetime: "long" },
  ): Promise<RemoteProcess>;
}

/** A port of this machine that leads to one of a parent's loopback. */
export function forwardFromParent(
  parent: ForwardOrigin,
  ports: { readonly localPort: number; readonly remotePort: number },
  options: ForwardOptions,
): Promise<PortForward> {
  const { remotePort: port } = ports;
  const name = `${parent.id}:${port}`;
  const dial = async (signal: AbortSignal) => {
    try {
      return await dialFrom(parent, { host: "127.0.0.1", port }, signal);
    } catch (error) {
      throw forwardFailed(name, [error]);
    }
  };
  return openForward(ports, { name, dial }, options);
}

/** An address that does not answer, as of a network that the parent is no part of. */
const dialTimeoutMs = 10_000;

/** Opens a tunnel to a port as a parent sees it, by SSH forwarding, else by a program there. */
export async function dialFrom(
  parent: ForwardOrigin,
  { host, port }: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Tunnel> {
  using deadline = startDeadline(dialTimeoutMs, signal);
  try {
    return tunnelOf(await parent.dialTcp(host, port, deadline.signal));
  } catch (error) {
    signal.throwIfAborted();
    if (!isForbidden(error)) throw error;
    const spawn = (argv: readonly string[]) => parent.spawn(argv, { signal, lifetime: "long" });
    return await openToolTunnel(spawn, { host, port, where: `on ${parent.id}` });
  }
}

function isForbidden(error: unknown): boolean {
  return (error as { details?: { forbidden?: unknown } } | undefined)?.details?.forbidden === true;
}
