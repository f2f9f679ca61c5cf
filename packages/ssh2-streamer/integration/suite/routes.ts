import { type HostOptions, type Lab, startLab } from "@otto/lab";
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
const forwardsNoSockets: Lacks = {
  "a stream to a socket": {
    reason: "Dropbear 2022.83 forwards no sockets",
    error: { code: "SSH_FORWARDING_REFUSED", details: { hop: "parent", forbidden: false } },
  },
};
const servers: readonly { server: string; options: HostOptions; lacks: Lacks }[] = [
  { server: "stock", options: {}, lacks: {} },
  { server: "MaxSessions 1", options: { maxSessions: 1 }, lacks: {} },
  { server: "forwarding off", options: forwardingOff, lacks: forwardsNothing },
  {
    server: "MaxSessions 1 and forwarding off",
    options: { maxSessions: 1, ...forwardingOff },
    lacks: forwardsNothing,
  },
];
const bastions = [
  { bastions: "no hop", hops: [] },
  { bastions: "1 hop", hops: ["hop1"] },
  { bastions: "2 hops", hops: ["hop1", "hop2"] },
] as const;
const dropbear = { server: "Dropbear", lacks: forwardsNoSockets };

/** A way to a parent: what its server allows, and the hops before it. */
export interface RouteCase {
  /** The hops, in words. */
  readonly bastions: string;
  readonly hops: readonly string[];
  readonly server: string;
  /** What nobody can have from that server. */
  readonly lacks: Lacks;
}

export const routeCases: readonly RouteCase[] = [
  ...bastions.flatMap((before) => servers.map(({ server, lacks }) => ({ ...before, server, lacks }))),
  { ...bastions[0], ...dropbear },
  { ...bastions[1], ...dropbear },
  { bastions: "1 hop of Dropbear", hops: ["dropbear1"], server: "stock", lacks: {} },
  { bastions: "2 hops of Dropbear", hops: ["dropbear1", "dropbear2"], ...dropbear },
];

/** The servers of all routes. */
export interface RoutesLab extends AsyncDisposable {
  routeOf(route: RouteCase): SshRoute;
  /** For what the tests write; the logins of all servers may use it. */
  readonly directory: string;
}

/** Starts the servers of all routes. Those of Dropbear have a lab of their own: they let in none but a user whom the lab makes. */
export async function startRoutes(): Promise<RoutesLab> {
  const parents = servers.map(({ server, options }) => [hostName(server), options] as const);
  const openSsh: Lab = await startLab({ hosts: { hop1: {}, hop2: {}, ...Object.fromEntries(parents) } });
  const server: HostOptions = { server: "dropbear" };
  const dropbearLab: Lab = await startLab({ hosts: { dropbear1: server, dropbear2: server, dropbear: server } });
  const endpoint = (name: string, changes: { name?: string } = {}) => {
    const lab = name in openSsh.hosts ? openSsh : dropbearLab;
    const host = lab.hosts[name];
    if (host === undefined) throw new TypeError(`no host ${name}`);
    return endpointOf(lab, host, changes);
  };
  return {
    routeOf: (route) =>
      [
        ...route.hops.map((name) => endpoint(name)),
        endpoint(hostName(route.server), { name: "parent" }),
      ] as unknown as SshRoute,
    directory: dropbearLab.directory,
    [Symbol.asyncDispose]: async () => {
      await dropbearLab[Symbol.asyncDispose]();
      await openSsh[Symbol.asyncDispose]();
    },
  };
}

function hostName(server: string): string {
  return server.toLowerCase().replaceAll(" ", "-");
}
