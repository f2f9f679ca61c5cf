import { join, resolve } from "node:path";
import type { HostData, SshOptions } from "@otto/config";
import { OttoError, readBoundedFileSync } from "@otto/errors";
import { resolveSshConfig, type SshConfigHost } from "ssh2-streamer";
import { globSync } from "tinyglobby";

/** What `~/.ssh/config` adds to a host of the lab. */
export interface ConfiguredRoute {
  /** Machines that its ProxyJump names, in order; none for a host whose hop the lab names. */
  readonly hops: readonly SshConfigHost[];
  /** The host, with what the lab left open. */
  readonly host: HostData;
}

/**
 * Fills in what the lab leaves open of a host with `use_ssh_config`, from what the configuration says of its `ip`.
 * @throws OttoError `SSH_CONFIG_INVALID`, `LAB_SSH_CONFIG_UNREADABLE`
 */
export function applySshConfig(host: HostData, home: string): ConfiguredRoute {
  if (!host.ssh.useSshConfig) return { hops: [], host };
  const alias = host.ip.includes(":") ? `[${host.ip}]` : host.ip;
  const route = resolveSshConfig(readConfig(join(home, ".ssh", "config"), host.id), alias, home, (pattern) =>
    findIncluded(pattern, home).map((path) => readConfig(path, host.id)),
  );
  const target = route.at(-1);
  if (target === undefined) return { hops: [], host };
  return { hops: host.hop === undefined ? route.slice(0, -1) : [], host: fillHost(host, target) };
}

/** A machine that only the configuration knows, as a host of the lab that reaches `target` through it. */
export function toJumpHost(jump: SshConfigHost, target: HostData, localUser: string | undefined): HostData {
  const { hostKey: _ofTarget, passwordEnv: _password, ...ssh } = target.ssh;
  const login = jump.username ?? localUser ?? target.user ?? target.creds[0]?.login;
  return {
    ...target,
    id: jump.alias,
    ip: jump.host,
    ...(login === undefined ? {} : { user: login }),
    creds: [],
    ssh: { ...fillSsh({ ...ssh, clientKeys: [] }, jump), port: jump.port },
  };
}

function fillHost(host: HostData, found: SshConfigHost): HostData {
  const user = host.user ?? found.username;
  return { ...host, ip: found.host, ...(user === undefined ? {} : { user }), ssh: fillSsh(host.ssh, found) };
}

function fillSsh(ssh: SshOptions, found: SshConfigHost): SshOptions {
  const agent = ssh.agent ?? found.identityAgent;
  return {
    ...ssh,
    // A lab that says 22 is not told from one that says nothing.
    port: ssh.port === 22 ? found.port : ssh.port,
    clientKeys: ssh.clientKeys.length > 0 ? ssh.clientKeys : found.identityFiles,
    ...(agent === undefined ? {} : { agent }),
  };
}

/** The files of an `Include`, in the order of their names; a relative pattern is one of `~/.ssh`. */
function findIncluded(pattern: string, home: string): string[] {
  const absolute = resolve(home, ".ssh", pattern.replace(/^~(?=\/)/, home));
  return globSync(absolute, { absolute: true, dot: true, expandDirectories: false }).sort();
}

function readConfig(path: string, hostId: string): string {
  try {
    return readBoundedFileSync(path).toString();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new OttoError(
      "LAB_SSH_CONFIG_UNREADABLE",
      `finding the way to ${hostId}: reading ${path}: ${(cause as Error).message}`,
      { hint: `Make ${path} readable, or drop use_ssh_config.`, details: { host: hostId, file: path }, cause },
    );
  }
}
