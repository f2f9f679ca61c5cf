import { type Lab, startLab } from "@otto/lab";
import type { SshRoute } from "ssh2-streamer";
import { endpointOf } from "../lab-route.js";
import type { Lacks } from "./capability.js";

const forwardingOff = { allowTcpForwarding: false, allowStreamLocalForwarding: false };
const forwardsNothing: Lacks = {
  "a stream to a socket": {
    reason: "sshd forwards nothing",
    error: { code: "SSH_FORWARDING_REFUSED", details: { hop: "parent" } },
  },
  "a forwarded port": {
    reason: "sshd forwards nothing",
    error: { code: "SSH_FORWARDING_REFUSED", details: { hop: "parent", forbidden: true } },
  },
};
const servers = [
  { server: "stock", options: {}, lacks: {} },
  { server: "MaxSessions 1", options: { maxSessions: 1 }, lacks: {} },
  { server: "forwarding off", options: forwardingOff, lacks: forwardsNothing },
  {
    server: "MaxSessions 1 and forwarding off",
    options: { maxSessions: 1, ...forwardingOff },
    lacks: forwardsNothing,
  },
] as const;

/** A way to a parent: what its sshd allows, and how many hops stand before it. */
export interface RouteCase {
  readonly hops: number;
  readonly server: (typeof servers)[number]["server"];
  /** What nobody can have from that server. */
  readonly lacks: Lacks;
}

export const routeCases: readonly RouteCase[] = [0, 1, 2].flatMap((hops) =>
  servers.map(({ server, lacks }) => ({ hops, server, lacks })),
);

export type RoutesLab = Lab;

/** The servers of all routes. */
export function startRoutes(): Promise<RoutesLab> {
  const parents = servers.map(({ server, options }) => [hostName(server), options] as const);
  return startLab({ hosts: { hop1: {}, hop2: {}, ...Object.fromEntries(parents) } });
}

export function routeOf(lab: RoutesLab, { hops, server }: RouteCase): SshRoute {
  const names = [...["hop1", "hop2"].slice(0, hops), hostName(server)];
  const endpoints = names.map((name, index) => {
    const host = lab.hosts[name];
    if (host === undefined) throw new TypeError(`no host ${name}`);
    return endpointOf(lab, host, index === hops ? { name: "parent" } : {});
  });
  return endpoints as unknown as SshRoute;
}

function hostName(server: string): string {
  return server.toLowerCase().replaceAll(" ", "-");
}
