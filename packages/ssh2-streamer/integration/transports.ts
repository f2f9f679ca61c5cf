import {
  openSshSession,
  type SshEndpoint,
  type SshRoute,
  type SshSession,
  type SshSessionOptions,
} from "ssh2-streamer";
import type { Lacks } from "./suite/capability.js";

/** One way to have an SSH session. All of them pass the same tests. */
export interface Transport {
  readonly name: string;
  /** What chooses it, on every endpoint of a route. */
  readonly endpoint: Partial<SshEndpoint>;
  /** Where its connections are kept between sessions. */
  readonly keepIn?: readonly string[];
  /** What it cannot do, and how it refuses that. */
  readonly lacks: Lacks;
}

export const transports: readonly Transport[] = [
  { name: "ssh2", endpoint: { transport: "ssh2" }, lacks: {} },
  { name: "openssh", endpoint: { transport: "openssh" }, lacks: {} },
];

/** The same, whose connections are kept in a directory between sessions. */
export function kept(transport: Transport, directory: string, persistMs = 600_000): Transport {
  const { name, endpoint } = transport;
  return { ...transport, name: `${name}, kept`, endpoint: { ...endpoint, persistMs }, keepIn: [directory] };
}

/** A route, each endpoint of which is reached by that transport. */
export function routeBy({ endpoint }: Transport, route: SshRoute): SshRoute {
  return route.map((each) => ({ ...each, ...endpoint })) as unknown as SshRoute;
}

/** A session by that transport; the caller closes it. */
export function openBy(transport: Transport, route: SshRoute, options: SshSessionOptions = {}): SshSession {
  return openSshSession(routeBy(transport, route), { keepIn: transport.keepIn, ...options });
}
