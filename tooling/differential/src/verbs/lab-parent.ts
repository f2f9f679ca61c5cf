import { createLocalParent, createSshParent, type Parent } from "@otto/hosts";
import type { Lab, LabHost } from "@otto/lab";
import type { SshEndpoint } from "ssh2-streamer";

const docker = { command: ["docker"], stagingRoot: undefined };

/** This machine and its engine. */
export function openLocalParent(): Parent {
  return createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
}

/** This machine through a lab's sshd. */
export function openSshParent(host: LabHost): Parent {
  return createSshParent({ id: host.name, route: [endpointOf(host)], docker, socketPath: undefined });
}

export function endpointOf({ name, address, port, user, privateKeyPath, fingerprint }: LabHost): SshEndpoint {
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
  return { name, host: address, port, credentials, hostKey: { pin: fingerprint } };
}

/** Options of `ssh` and `scp` for a lab's host; nothing of this machine's configuration is read. */
export function sshOptions(lab: Lab, host: LabHost, knownHostsPath = lab.knownHostsPath): string[] {
  const options = [
    ...["BatchMode=yes", "StrictHostKeyChecking=yes", `UserKnownHostsFile=${knownHostsPath}`],
    ...["GlobalKnownHostsFile=none", "LogLevel=ERROR", "IdentitiesOnly=yes", `Port=${host.port}`, `User=${host.user}`],
  ];
  return ["-F", "none", "-i", lab.privateKeyPath, ...options.flatMap((option) => ["-o", option])];
}
