import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Credential, HostData, LabData, SshOptions } from "@otto/config";
import { OttoError, Secret } from "@otto/errors";
import type {
  HostKeyPolicy,
  LearnedHostKey,
  PrivateKey,
  ReadSecret,
  SshCredential,
  SshEndpoint,
  SshRoute,
} from "ssh2-streamer";
import { requireTrust, stateDirectory, type TrustSetting } from "./lab-trust.js";
import { SecretCommands } from "./secret-command.js";
import { applySshConfig, toJumpHost } from "./ssh-client-config.js";

/** What a route takes from the user's machine. */
export interface SshEnvironment extends TrustSetting {
  readonly onHostKeyLearned?: (key: LearnedHostKey) => void;
  /** Whether the key of a host that was never seen is recorded; otherwise it is refused. Default true. */
  readonly learnHostKeys?: boolean;
  /** Whether passwords may be sent, and commands run that print secrets; otherwise agents and keys alone log in. Default true. */
  readonly sendPasswords?: boolean;
  /** Runs the commands that print secrets. Default: each route has its own, that of a {@link Lab} is shared. */
  readonly secretCommands?: SecretCommands;
}

/**
 * The route to a host: its hops first, the host last. `~/.ssh/config` fills in what the lab leaves open of a host with
 * `use_ssh_config`. Connecting to a host whose lab file is not trusted throws `LAB_NOT_TRUSTED` or `LAB_VARIABLE_REFUSED`.
 * @throws OttoError `LAB_UNKNOWN_HOP`, `LAB_NO_LOGIN`, `LAB_SSH_CONFIG_UNREADABLE`, `SSH_CONFIG_INVALID`
 */
export function planRoute(lab: LabData, host: HostData, environment: SshEnvironment): SshRoute {
  const chain: SshEndpoint[] = [];
  for (let next: HostData | undefined = host; next !== undefined; next = hopOf(lab, next)) {
    chain.unshift(...planSegment(next, environment));
  }
  return chain as unknown as SshRoute;
}

/** A host, after the hops that only the user's SSH configuration knows. */
function planSegment(declared: HostData, environment: SshEnvironment): SshEndpoint[] {
  const { env, home } = environment;
  const { hops, host } = applySshConfig(declared, home);
  const jumps = hops.map((hop) => toJumpHost(hop, declared, env.USER || env.LOGNAME));
  return [...jumps, host].map((hop) => planEndpoint(hop, environment));
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

function planEndpoint(host: HostData, environment: SshEnvironment): SshEndpoint {
  const { ssh } = host;
  return {
    name: host.id,
    host: host.ip,
    port: ssh.port,
    credentials: planCredentials(host, environment),
    hostKey: planHostKey(ssh, environment),
    connectTimeoutMs: ssh.connectTimeoutMs,
    keepaliveIntervalMs: ssh.keepaliveIntervalMs,
    keepaliveCountMax: ssh.keepaliveCountMax,
    compress: ssh.compress,
    ...(ssh.proxyCommand === undefined ? {} : { proxyCommand: ssh.proxyCommand }),
    authorize: () => requireTrust(host, environment),
  };
}

/** `user` first, then the other logins in their order. */
function planCredentials(host: HostData, environment: SshEnvironment): readonly [SshCredential, ...SshCredential[]] {
  const named: Credential[] = host.user === undefined ? [] : [credentialOf(host, host.user)];
  const others = host.creds.filter(({ login }) => login !== host.user);
  const [first, ...rest] = [...named, ...others].map((credential) => planCredential(host, credential, environment));
  if (first !== undefined) return [first, ...rest];
  throw new OttoError("LAB_NO_LOGIN", `connecting to ${host.id}: the lab names no login for it`, {
    hint: "Give the host `user` or `creds`.",
    details: { host: host.id },
  });
}

function credentialOf(host: HostData, login: string): Credential {
  return host.creds.find((credential) => credential.login === login) ?? { login };
}

function planCredential(host: HostData, credential: Credential, environment: SshEnvironment): SshCredential {
  const { ssh } = host;
  const { env, home, sendPasswords = true } = environment;
  const { login } = credential;
  return {
    username: login,
    agent: agentSocket(ssh, env),
    privateKeys: planKeys(host, environment, home),
    password: sendPasswords ? planPassword(host, credential, environment) : undefined,
  };
}

/** What stands in the file, else in the variable, else what the command prints. */
function planPassword(
  host: HostData,
  { login, password, passwordCommand = host.ssh.passwordCommand }: Credential,
  environment: SshEnvironment,
): Secret | ReadSecret | undefined {
  const known = password ?? secretOf(host.ssh.passwordEnv, environment.env);
  return known ?? readByCommand(host, { what: `the password of ${login}`, argv: passwordCommand }, environment);
}

function readByCommand(
  { id, source }: HostData,
  { what, argv }: { readonly what: string; readonly argv: readonly string[] | undefined },
  { env, secretCommands = new SecretCommands() }: SshEnvironment,
): ReadSecret | undefined {
  if (argv === undefined) return undefined;
  const directory = source === undefined ? undefined : dirname(source);
  return (signal) => secretCommands.read({ host: id, what, argv, directory, env }, signal);
}

function agentSocket(ssh: SshOptions, env: SshEnvironment["env"]): string | undefined {
  if (typeof ssh.agent === "string") return ssh.agent;
  return ssh.agent === false ? undefined : env.SSH_AUTH_SOCK;
}

/** Declared keys, else those of OpenSSH's usual names that are there. */
function planKeys(host: HostData, environment: SshEnvironment, home: string): PrivateKey[] {
  const { clientKeys, passphraseEnv, passphraseCommand } = host.ssh;
  const usual = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(home, ".ssh", name));
  const paths = clientKeys.length > 0 ? clientKeys : usual.filter((path) => existsSync(path));
  const { env, sendPasswords = true } = environment;
  const argv = sendPasswords ? passphraseCommand : undefined;
  const passphrase =
    secretOf(passphraseEnv, env) ?? readByCommand(host, { what: "the passphrase of its keys", argv }, environment);
  return paths.map((path) => ({ path, passphrase }));
}

/** The user's files, and those for all users. */
const usualKnownHosts = ["known_hosts", "known_hosts2"];
const globalKnownHosts = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

function planHostKey(ssh: SshOptions, environment: SshEnvironment): HostKeyPolicy {
  if (ssh.hostKey !== undefined) return { pin: ssh.hostKey };
  const { home, onHostKeyLearned } = environment;
  const knownHosts = ssh.knownHosts ?? [
    ...usualKnownHosts.map((name) => join(home, ".ssh", name)),
    ...globalKnownHosts,
  ];
  const file = join(stateDirectory(environment), "known_hosts");
  if (environment.learnHostKeys === false) return { knownHosts: [...knownHosts, file] };
  return { knownHosts, learn: { file, ...(onHostKeyLearned && { onLearned: onHostKeyLearned }) } };
}

function secretOf(variable: string | undefined, env: SshEnvironment["env"]): Secret | undefined {
  const value = variable === undefined ? undefined : env[variable];
  return value === undefined ? undefined : new Secret(value);
}
