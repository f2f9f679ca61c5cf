import { type HostData, type SshOptions, sshDefaults } from "@otto/config";
import type { SshConfigHost } from "ssh2-streamer";
import type { SshClientConfig } from "./ssh-client-config.js";

/** What `ssh` would be called with for a host: what the lab says of login and port counts in the configuration's conditions. */
export function formatAsked({ ip, user, ssh: { port, isPortGiven = port !== sshDefaults.port } }: HostData): string {
  const alias = ip.includes(":") ? `[${ip}]` : ip;
  return `${user === undefined ? "" : `${user}@`}${alias}${isPortGiven ? `:${port}` : ""}`;
}

/** A host with what the lab left open. */
export function fillHost(host: HostData, found: SshConfigHost, { localUser }: SshClientConfig): HostData {
  // With no login of its own, as a machine that no lab names, it is as for `ssh`.
  const user = host.user ?? found.username ?? (host.creds.length === 0 ? localUser : undefined);
  return { ...host, ip: found.host, ...(user === undefined ? {} : { user }), ssh: fillSsh(host.ssh, found) };
}

/** A machine that only the configuration knows, as a host of the lab that reaches `target` through it. */
export function toJumpHost(jump: SshConfigHost, target: HostData, { localUser }: SshClientConfig): HostData {
  const {
    hostKey: _key,
    passwordEnv: _env,
    passwordCommand: _ask,
    proxyCommand: _way,
    persistMs: _time,
    ...ssh
  } = target.ssh;
  return {
    ...target,
    id: jump.alias,
    ip: jump.host,
    user: jump.username ?? localUser,
    creds: [],
    ssh: fillSsh({ ...ssh, clientKeys: [] }, jump),
  };
}

/** A lab that says what is the default is not told from one that says nothing. */
function fillSsh(ssh: SshOptions, found: SshConfigHost): SshOptions {
  const agent = ssh.agent ?? found.identityAgent;
  const proxyCommand = ssh.proxyCommand ?? found.proxyCommand;
  const fill = <Key extends keyof SshOptions>(key: Key, value: SshOptions[Key] | undefined): SshOptions[Key] =>
    ssh[key] === sshDefaults[key] ? (value ?? ssh[key]) : ssh[key];
  return {
    ...ssh,
    port: found.port,
    clientKeys: ssh.clientKeys.length > 0 ? ssh.clientKeys : (found.identityFiles ?? []),
    connectTimeoutMs: fill("connectTimeoutMs", found.connectTimeoutMs),
    keepaliveIntervalMs: fill("keepaliveIntervalMs", found.serverAliveIntervalMs),
    keepaliveCountMax: Math.max(2, fill("keepaliveCountMax", found.serverAliveCountMax)),
    compress: ssh.compress || found.compression,
    ...(agent === undefined ? {} : { agent }),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
  };
}
