import type { SshRoute } from "ssh2-streamer";
import type { DoctorCheck, Finding } from "./finding.js";

/** One thing to look at on one machine. */
export type Check = Pick<Finding, "machine" | "check">;

export interface Examined {
  readonly host: string;
  /** Empty for this machine. */
  readonly route: SshRoute | readonly [];
  /** Whether the host is a parent. */
  readonly isParent: boolean;
  /** Whether stacks of the lab's repos are deployed by it on a swarm. */
  readonly isManager: boolean;
}

const server = ["name", "tcp", "banner"] as const;
const ofLogin = ["ssh", "handshake", "host-key", "login"] as const;
const ofParent = [
  ...["programs", "docker", "socket", "engine", "buildkit"],
  ...["client", "compose", "disk", "clock"],
] as readonly DoctorCheck[];

/** All that is to be looked at, so that what was not can be told. */
export function listChecks({ host, route, isParent, isManager }: Examined): Check[] {
  const on = (machine: string, checks: readonly DoctorCheck[]) => checks.map((check) => ({ machine, check }));
  const hops = route.slice(0, -1).map(({ name }) => name);
  const isRemote = route.length > 0;
  return [
    ...route.flatMap(({ name, proxyCommand }, index) => [
      // A proxy command does the rest of it.
      ...on(name, proxyCommand === undefined ? [...server, ...ofLogin] : ofLogin),
      ...on(hops[index - 1] ?? name, index === 0 ? [] : ["forwarding"]),
    ]),
    ...on(host, isRemote ? ["sessions"] : []),
    ...on(host, isParent ? ofParent : []),
    ...on(host, isParent && isManager ? ["swarm"] : []),
    ...on(host, isParent && isRemote ? ["forwarding"] : []),
  ];
}
