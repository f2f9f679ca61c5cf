import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { DockerImage } from "@otto/config";
import { describeFileError, OttoError, readBoundedFile } from "@otto/errors";
import type { Environment } from "./build-secrets.js";
import { createKeyAgent } from "./key-agent.js";

/** Opens a connection to an ssh-agent. */
export type ConnectAgent = () => Duplex;

/**
 * The ssh agents that an image's build may use, by id: sockets, or key files of which this process is the agent.
 * @throws OttoError `BUILD_SSH_AGENT_MISSING` where no agent answers or a key cannot be used
 */
export async function findSshAgents(image: DockerImage, env: Environment): Promise<Record<string, ConnectAgent>> {
  return Object.fromEntries(await Promise.all(image.ssh.map((mount) => findSshAgent(image, mount, env))));
}

async function findSshAgent(image: DockerImage, mount: string, env: Environment): Promise<[string, ConnectAgent]> {
  const { id, paths } = parseSshMount(mount);
  try {
    return [id, await openSource(paths, env)];
  } catch (cause) {
    throw missing(image, id, cause);
  }
}

/** `default`, `id=path` or `id=path,path`, as `docker build --ssh` takes it. */
export function parseSshMount(mount: string): { readonly id: string; readonly paths: readonly string[] } {
  const at = mount.indexOf("=");
  if (at < 0) return { id: mount || "default", paths: [] };
  const paths = mount.slice(at + 1).split(",");
  return { id: mount.slice(0, at) || "default", paths: paths.filter((path) => path !== "") };
}

/** Bytes. */
const longestKey = 1 << 20;

async function openSource(paths: readonly string[], { SSH_AUTH_SOCK: socket }: Environment): Promise<ConnectAgent> {
  const sources = paths.length === 0 && socket ? [socket] : paths;
  if (sources.length === 0) throw new Error("SSH_AUTH_SOCK is not set");
  const keys: Buffer[] = [];
  for (const path of sources) {
    if (!(await at(path, stat(path))).isSocket()) keys.push(await at(path, readBoundedFile(path, longestKey)));
    else if (sources.length > 1) throw new Error(`${path} is a socket, which stands alone`);
    else return at(path, openSocket(path));
  }
  return at(sources.join(), createKeyAgent(keys));
}

/** Checks that something listens on the socket before the build starts. */
async function openSocket(path: string): Promise<ConnectAgent> {
  const agent = connect(path);
  await once(agent, "connect");
  agent.destroy();
  return () => connect(path);
}

async function at<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new Error(`${path}: ${describeFileError(cause)}`, { cause });
  }
}

function missing(image: DockerImage, id: string, cause: unknown): OttoError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OttoError("BUILD_SSH_AGENT_MISSING", `building ${image.name}: the ssh mount ${id}: ${reason}`, {
    hint: "Start an agent and add the key (eval $(ssh-agent); ssh-add), or name a key file that needs no passphrase.",
    details: { image: image.name, id },
    cause,
  });
}
