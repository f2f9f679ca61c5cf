import { createLocalParent, createSshParent, type Parent } from "@otto/hosts";
import { type Lab, startLab } from "@otto/lab";
import type { SshEndpoint, SshRoute } from "ssh2-streamer";

/** The ways to a parent that behave alike. */
export const ways = [
  "local",
  "ssh",
  "ssh through a bastion",
  "ssh with one session and no forwarding",
  "ssh by OpenSSH's client through a bastion",
] as const;

/** A parent of each way, all of them this machine. */
export interface Parents extends AsyncDisposable {
  readonly lab: Lab;
  readonly byWay: Readonly<Record<(typeof ways)[number], Parent>>;
}

const docker = { command: ["docker"], stagingRoot: undefined };

export async function startParents(): Promise<Parents> {
  const lab = await startLab({
    hosts: {
      direct: {},
      bastion: {},
      inner: { hop: "bastion" },
      narrow: { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false },
    },
  });
  const byWay = {
    local: createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env }),
    ssh: connectParent(lab, "direct"),
    "ssh through a bastion": connectParent(lab, "bastion", "inner"),
    "ssh with one session and no forwarding": connectParent(lab, "narrow"),
    "ssh by OpenSSH's client through a bastion": connectBy("openssh", lab, ["bastion", "inner"]),
  };
  return {
    lab,
    byWay,
    async [Symbol.asyncDispose]() {
      for (const parent of Object.values(byWay)) await parent[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
}

/** A parent over SSH through these hosts of a lab; the last is the parent. The caller disposes it. */
export function connectParent(lab: Lab, ...names: readonly string[]): Parent {
  return connectBy("auto", lab, names);
}

function connectBy(transport: SshEndpoint["transport"], lab: Lab, names: readonly string[]): Parent {
  const hosts = names.map((name) => {
    const host = lab.hosts[name];
    if (host === undefined) throw new TypeError(`no host ${name}`);
    return host;
  });
  const declared = hosts.at(-1)?.docker;
  const route = hosts.map((host) => {
    const { name, address, port, user, privateKeyPath, fingerprint } = host;
    const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
    return { name, host: address, port, credentials, hostKey: { pin: fingerprint }, transport };
  });
  return createSshParent({
    id: names.at(-1) ?? "",
    route: route as unknown as SshRoute,
    docker: { command: declared?.command ?? [], stagingRoot: undefined },
    socketPath: declared?.socketPath,
  });
}
