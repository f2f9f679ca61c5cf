import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Credential, HostData, LabData, SshOptions } from "@otto/config";
import { OttoError, Secret } from "@otto/errors";
import type { HostKeyPolicy, LearnedHostKey, PrivateKey, SshCredential, SshEndpoint, SshRoute } from "ssh2-streamer";
import { requireTrust, stateDirectory, type TrustSetting } from "./lab-trust.js";
import { applySshConfig, toJumpHost } from "./ssh-client-config.js";

/** What a route takes from the user's machine. */
export interface SshSurroundings extends TrustSetting {
  readonly onHostKeyLearned?: (key: LearnedHostKey) => void;
  /** Whether the key of a host that was never seen is recorded; otherwise it is refused. Default true. */
  readonly learnHostKeys?: boolean;
  /** Whether passwords may be sent; otherwise agents and keys alone log in. Default true. */
  readonly sendPasswords?: boolean;
}

/**
 * The way to a host: its hops first, the host last. `~/.ssh/config` fills in what the lab leaves open of a host with
 * `use_ssh_config`. Connecting to a host whose lab file is not trusted throws `LAB_NOT_TRUSTED` or `LAB_VARIABLE_REFUSED`.
 * @throws OttoError `LAB_UNKNOWN_HOP`, `LAB_NO_LOGIN`, `LAB_SSH_CONFIG_UNREADABLE`, `SSH_CONFIG_INVALID`
 */
export function planRoute(lab: LabData, host: HostData, surroundings: SshSurroundings): SshRoute {
  const chain: SshEndpoint[] = [];
  for (let next: HostData | undefined = host; next !== undefined; next = hopOf(lab, next)) {
    chain.unshift(...planStretch(next, surroundings));
  }
  return chain as unknown as SshRoute;
}

/** A host, after the machines that only the user's SSH configuration knows. */
function planStretch(declared: HostData, surroundings: SshSurroundings): SshEndpoint[] {
  const { env, home } = surroundings;
  const { hops, host } = applySshConfig(declared, home);
  const jumps = hops.map((hop) => toJumpHost(hop, declared, env.USER || env.LOGNAME));
  return [...jumps, host].map((machine) => planEndpoint(machine, surroundings));
}

function hopOf(lab: LabData, host: HostData): HostData | undefined {
  if (host.hop === undefined) return undefined;
  const hop = lab.hosts.find(({ id }) => id === host.hop);
  if (hop !== undefined) return hop;
  throw new OttoError(
    "LAB_UNKNOWN_HOP",
    `finding the way to ${host.id}: its hop ${host.hop} is not in the lab ${lab.name}`,
    {
      hint: `Add ${host.hop} to the lab, or merge its lab with --lab ${lab.name}+<other>.`,
      details: { host: host.id, hop: host.hop },
    },
  );
}

function planEndpoint(host: HostData, surroundings: SshSurroundings): SshEndpoint {
  const { ssh } = host;
  return {
    name: host.id,
    host: host.ip,
    port: ssh.port,
    credentials: planCredentials(host, surroundings),
    hostKey: planHostKey(ssh, surroundings),
    connectTimeoutMs: ssh.connectTimeoutMs,
    keepaliveIntervalMs: ssh.keepaliveIntervalMs,
    keepaliveCountMax: ssh.keepaliveCountMax,
    compress: ssh.compress,
    authorize: () => requireTrust(host, surroundings),
  };
}

/** `user` first, then the other logins in their order. */
function planCredentials(host: HostData, surroundings: SshSurroundings): readonly [SshCredential, ...SshCredential[]] {
  const named: Credential[] = host.user === undefined ? [] : [credentialOf(host, host.user)];
  const others = host.creds.filter(({ login }) => login !== host.user);
  const [first, ...rest] = [...named, ...others].map((credential) =>
    planCredential(host.ssh, credential, surroundings),
  );
  if (first !== undefined) return [first, ...rest];
  throw new OttoError("LAB_NO_LOGIN", `connecting to ${host.id}: the lab names no login for it`, {
    hint: "Give the host `user` or `creds`.",
    details: { host: host.id },
  });
}

function credentialOf(host: HostData, login: string): Credential {
  return host.creds.find((credential) => credential.login === login) ?? { login };
}

function planCredential(
  ssh: SshOptions,
  { login, password }: Credential,
  { env, home, sendPasswords = true }: SshSurroundings,
): SshCredential {
  return {
    username: login,
    agent: agentSocket(ssh, env),
    privateKeys: planKeys(ssh, env, home),
    password: sendPasswords ? (password ?? secretOf(ssh.passwordEnv, env)) : undefined,
  };
}

function agentSocket(ssh: SshOptions, env: SshSurroundings["env"]): string | undefined {
  if (typeof ssh.agent === "string") return ssh.agent;
  return ssh.agent === false ? undefined : env.SSH_AUTH_SOCK;
}

/** Declared keys, else those of OpenSSH's usual names that are there. */
function planKeys(ssh: SshOptions, env: SshSurroundings["env"], home: string): PrivateKey[] {
  const usual = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(home, ".ssh", name));
  const paths = ssh.clientKeys.length > 0 ? ssh.clientKeys : usual.filter((path) => existsSync(path));
  const passphrase = secretOf(ssh.passphraseEnv, env);
  return paths.map((path) => ({ path, passphrase }));
}

function planHostKey(ssh: SshOptions, surroundings: SshSurroundings): HostKeyPolicy {
  if (ssh.hostKey !== undefined) return { pin: ssh.hostKey };
  const { home, onHostKeyLearned } = surroundings;
  const knownHosts = ssh.knownHosts ?? [join(home, ".ssh", "known_hosts")];
  const file = join(stateDirectory(surroundings), "known_hosts");
  if (surroundings.learnHostKeys === false) return { knownHosts: [...knownHosts, file] };
  return { knownHosts, learn: { file, ...(onHostKeyLearned && { onLearned: onHostKeyLearned }) } };
}

function secretOf(variable: string | undefined, env: SshSurroundings["env"]): Secret | undefined {
  const value = variable === undefined ? undefined : env[variable];
  return value === undefined ? undefined : new Secret(value);
}
