import { Secret } from "@otto/errors";
import type { Lab, LabHost } from "@otto/lab";
import type { SshEndpoint, SshRoute } from "ssh2-streamer";

/** The endpoint of a lab's host. */
export function endpointOf(lab: Lab, host: LabHost, changes: Partial<SshEndpoint> = {}): SshEndpoint {
  return {
    name: host.name,
    host: host.address,
    port: host.port,
    credentials: [
      {
        username: host.user,
        privateKeys: [{ path: lab.privateKeyPath }],
        password: host.password === undefined ? undefined : new Secret(host.password),
      },
    ],
    hostKey: { knownHosts: [lab.knownHostsPath] },
    ...changes,
  };
}

/** The route to a lab's host through its hops; `changes` go to every endpoint. */
export function routeTo(lab: Lab, name: string, changes: Partial<SshEndpoint> = {}): SshRoute {
  const host = lab.hosts[name];
  if (host === undefined) throw new TypeError(`no host ${name}`);
  const { hop } = host.options;
  const before = hop === undefined ? [] : routeTo(lab, hop, changes);
  return [...before, endpointOf(lab, host, changes)] as unknown as SshRoute;
}
