import type { EngineAccess, HostOptions, LabOptions } from "./options.js";

/** What hosts of a lab are like where a test does not say; the engine is the world's (`tooling/world`). */
export interface LabKind {
  /** For a table: what differs from the stock lab. */
  readonly what: string;
  readonly host?: HostOptions;
  /** Further ones of a host that others have as their hop. */
  readonly hop?: HostOptions;
  /** Further ones of a host that clients reach without a hop. */
  readonly nearest?: HostOptions;
  /** The lab's hosts are logged in to as a user whom the lab makes, who gets at the engine in this way. */
  readonly engineAccess?: EngineAccess;
}

/** The socket of the second engine of the world `second-engine`. */
export const secondEngineSocket = "/run/second-engine/docker.sock";

/** By the value of `OTTO_LAB_KIND`. */
export const labKinds = {
  stock: { what: "OpenSSH's defaults and the engine of Debian" },
  hardened: {
    what: "`MaxSessions 1`; parents forward neither ports nor sockets",
    host: { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false },
    // A hop that forwards nothing is none.
    hop: { allowTcpForwarding: true },
  },
  sudo: {
    what: "the login gets at the engine only by `sudo`; `docker.command` says so",
    host: { docker: { command: ["sudo", "-n", "docker"] } },
    engineAccess: "sudo",
  },
  "bash-sh": { what: "`sh` of the parent and of this machine is bash" },
  "second-engine": {
    what: "`docker.socket`, and here `DOCKER_HOST`, name another engine than the usual one, which runs too",
    host: { docker: { socket: secondEngineSocket } },
  },
  "no-buildkit": {
    what: "`DOCKER_BUILDKIT=0`, no buildx, an engine that asks clients for its classic builder",
    host: { environment: { DOCKER_BUILDKIT: "0" } },
  },
  "containerd-store": { what: "the engine keeps images in containerd" },
  dropbear: { what: "Dropbear instead of sshd", host: { server: "dropbear" } },
  slow: { what: "50 ms round trip", nearest: { proxy: { delayMs: 25 } } },
  podman: { what: "Podman's service instead of Docker's engine" },
} as const satisfies Readonly<Record<string, LabKind>>;

export type LabKindName = keyof typeof labKinds;

/** @throws Error for a name that is none */
export function findLabKind(name = "stock"): LabKind {
  const kind = (labKinds as Readonly<Record<string, LabKind>>)[name];
  if (kind === undefined)
    throw new Error(`lab: unknown OTTO_LAB_KIND ${name}: expected ${Object.keys(labKinds).join(", ")}`);
  return kind;
}

/** The options of each host; what the kind sets and the test does not is added. */
export function applyKind(kind: LabKind, { hosts, engineAccess }: LabOptions): [string, HostOptions][] {
  // A test that says how its login gets at the engine says what `docker` is there, too.
  const { docker: _, ...host } = kind.host ?? {};
  const base = engineAccess !== undefined && kind.engineAccess !== undefined ? host : kind.host;
  const hops = new Set(Object.values(hosts).map((options) => options.hop));
  return Object.entries(hosts).map(([name, options]) => {
    const defaults = { ...base, ...(hops.has(name) && kind.hop), ...(options.hop === undefined && kind.nearest) };
    return [name, fillIn(options, defaults)];
  });
}

/** Options within options too: a test that asks for a proxy says nothing of its delay. */
function fillIn(options: HostOptions, defaults: HostOptions): HostOptions {
  const proxy = { ...defaults.proxy, ...options.proxy };
  const docker = { ...defaults.docker, ...options.docker };
  return {
    ...defaults,
    ...options,
    ...((defaults.proxy ?? options.proxy) && { proxy }),
    ...((defaults.docker ?? options.docker) && { docker }),
  };
}
