import { createLocalParent, createSshParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { createBusyboxImage, type Lab, type LabHost, startLab } from "@otto/lab";
import type { SshEndpoint } from "ssh2-streamer";
import { requireReference } from "../reference-command.js";

const docker = { command: ["docker"], stagingRoot: undefined };

/** This machine and its engine. */
export function openLocalParent(): Parent {
  return createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
}

/** This machine through a lab's sshd. */
export function openSshParent(host: LabHost): Parent {
  return createSshParent({ id: host.name, route: [endpointOf(host)], docker, socketPath: undefined });
}

/** A container, a parent over SSH, and what they need. */
export interface TestHosts extends AsyncDisposable {
  /** The container's. */
  readonly name: string;
  readonly container: DockerContainerHost;
  readonly parent: Parent;
  readonly lab: Lab<"parent">;
}

/** @param flags of `docker run` */
export async function openTestHosts(name: string, flags: readonly string[] = []): Promise<TestHosts> {
  const image = await createBusyboxImage(`${name}:latest`);
  const labels = [`project=${name}`, "service=api", "container-number=1"];
  const labelled = labels.flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  await requireReference(["docker", "run", "-d", "--init", "--name", name, ...labelled, ...flags, image.tag]);
  const lab = await startLab({ hosts: { parent: {} } });
  const local = openLocalParent();
  const place = { id: "c", service: "api", project: name, replica: 1 };
  const container = new DockerContainerHost({ ...place, engine: local.engine });
  const parent = openSshParent(lab.hosts.parent);
  return {
    name,
    container,
    parent,
    lab,
    async [Symbol.asyncDispose]() {
      for (const it of [container, parent, local, lab]) await it[Symbol.asyncDispose]();
      await requireReference(["docker", "rm", "--force", name]);
      await image[Symbol.asyncDispose]();
    },
  };
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
