import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Credential, type HostData, type LabData, LocalCommands, type SshOptions } from "@otto/config";
import { OttoError, Secret } from "@otto/errors";
import type {
  HostKeyPolicy,
  LearnedHostKey,
  PrivateKey,
  ReadSecret,
  SshConfigHost,
  SshCredential,
  SshEndpoint,
  SshRoute,
} from "ssh2-streamer";
import { hasTicket } from "./kerberos-ticket.js";
import { requireTrust, stateDirectory, type TrustSetting } from "./lab-trust.js";
import { SshClientConfig } from "./ssh-client-config.js";
import { fillHost, formatAsked, toJumpHost } from "./ssh-config-fill.js";

/** What a route takes from the user's machine. */
export interface SshEnvironment extends TrustSetting {
  readonly onHostKeyLearned?: ((key: LearnedHostKey) => void) | undefined;
  /** Whether the key of a host that was never seen is recorded; otherwise it is refused. Default true. */
  readonly learnHostKeys?: boolean | undefined;
  /** Whether passwords may be sent, and commands run that print secrets; otherwise agents and keys alone log in. Default true. */
  readonly sendPasswords?: boolean | undefined;
  /** Runs the commands that print secrets. Default: each route has its own, that of a {@link Lab} is shared. */
  readonly commands?: LocalCommands | undefined;
  /** Ends the programs that are asked: OpenSSH's client about the configuration, `klist` about tickets. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The route to a host: its hops first, the host last. The user's SSH configuration fills in what the lab leaves open of a host
 * with `use_ssh_config`: OpenSSH's client is asked, where there is one, and runs what a `Match exec` of it names.
 * @param config of the same user; default: one that is read anew
 * @throws OttoError `LAB_UNKNOWN_HOP`, `LAB_NO_LOGIN`, `LAB_SSH_CONFIG_UNREADABLE`, `SSH_CONFIG_INVALID`; for a host with
 * `use_ssh_config` in a lab file that is not trusted, `LAB_NOT_TRUSTED`, which for others connecting throws
 */
export async function planRoute(
  lab: LabData,
  host: HostData,
  environment: SshEnvironment,
  config: SshClientConfig = new SshClientConfig(environment),
): Promise<SshRoute> {
  const chain: SshEndpoint[] = [];
  for (let next: HostData | undefined = host; next !== undefined; next = hopOf(lab, next)) {
    chain.unshift(...(await planSegment(next, environment, config)));
  }
  return chain as unknown as SshRoute;
}

/** A host, after the hops that only the user's SSH configuration knows. */
async function planSegment(
  declared: HostData,
  environment: SshEnvironment,
  config: SshClientConfig,
): Promise<SshEndpoint[]> {
  if (!declared.ssh.useSshConfig) return [planEndpoint({ host: declared, environment })];
  // Its address may be anything that a clone says, and ends in the commands of a `Match exec`.
  requireTrust(declared, environment);
  const route = await config.route(formatAsked(declared), environment.signal);
  // What the lab says of the way goes before what the configuration says.
  const hasWay = declared.hop !== undefined || declared.ssh.proxyCommand !== undefined;
  const [target, ...hops] = route.toReversed();
  if (target === undefined) return [];
  const taken = hasWay ? [{ ...target, proxyCommand: undefined }] : [target, ...hops];
  const mayUseGssapi = taken.some(({ gssapi }) => gssapi) && (await hasTicket(environment));
  return taken
    .map((found, index) => {
      const host = index === 0 ? fillHost(declared, found, config) : toJumpHost(found, declared, config);
      const gssapi = found.gssapi && mayUseGssapi;
      return planEndpoint({ host, environment, found: { ...found, gssapi }, configFile: config.file });
    })
    .toReversed();
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

interface EndpointPlan {
  readonly host: HostData;
  readonly environment: SshEnvironment;
  /** What the user's SSH configuration says of it; `gssapi`: and there is a ticket. */
  readonly found?: SshConfigHost | undefined;
  readonly configFile?: string | undefined;
}

function planEndpoint({ host, environment, found, configFile }: EndpointPlan): SshEndpoint {
  const { ssh } = host;
  const asConfigured = found && {
    alias: found.alias,
    hostKeyAlias: found.hostKeyAlias,
    algorithms: found.algorithms,
    gssapi: found.gssapi,
    pkcs11Provider: found.pkcs11Provider,
    revokedHostKeys: found.revokedHostKeys,
    configFile,
  };
  return {
    name: host.id,
    host: host.ip,
    port: ssh.port,
    credentials: planCredentials(host, environment, found),
    hostKey: planHostKey(ssh, environment, found),
    connectTimeoutMs: ssh.connectTimeoutMs,
    keepaliveIntervalMs: ssh.keepaliveIntervalMs,
    keepaliveCountMax: ssh.keepaliveCountMax,
    compress: ssh.compress,
    // `none` is OpenSSH's word for a direct way.
    ...(ssh.proxyCommand === undefined || /^none$/i.test(ssh.proxyCommand) ? {} : { proxyCommand: ssh.proxyCommand }),
    ...(ssh.transport === undefined ? {} : { transport: ssh.transport }),
    ...(ssh.persistMs === undefined ? {} : { persistMs: ssh.persistMs }),
    ...asConfigured,
    authorize: () => requireTrust(host, environment),
  };
}

/** `user` first, then the other logins in their order. */
function planCredentials(
  host: HostData,
  environment: SshEnvironment,
  found?: SshConfigHost,
): readonly [SshCredential, ...SshCredential[]] {
  const named: Credential[] = host.user === undefined ? [] : [credentialOf(host, host.user)];
  const others = host.creds.filter(({ login }) => login !== host.user);
  const privateKeys = planKeys(host, environment, found);
  const { certificateFiles = [], identitiesOnly = false } = found ?? {};
  const [first, ...rest] = [...named, ...others].map((credential) => ({
    ...planCredential(host, credential, environment),
    privateKeys,
    ...(certificateFiles.length === 0 ? {} : { certificates: certificateFiles }),
    ...(identitiesOnly ? { identitiesOnly } : {}),
  }));
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
  const { env, sendPasswords = true } = environment;
  const { login } = credential;
  return {
    username: login,
    agent: agentSocket(ssh, env),
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
  { id, directory }: HostData,
  { what, argv }: { readonly what: string; readonly argv: readonly string[] | undefined },
  { env, commands = new LocalCommands() }: SshEnvironment,
): ReadSecret | undefined {
  if (argv === undefined) return undefined;
  const failure = (why: string, command: string) =>
    new OttoError("LAB_SECRET_COMMAND_FAILED", `reading ${what} on ${id} by ${command}: ${why}`, {
      hint: "Run the command yourself: it has to print the secret on stdout, and nothing else there.",
      details: { host: id, command },
    });
  return (signal) => commands.read({ argv, directory, env, scope: `${id} ${what}`, failure }, signal);
}

function agentSocket(ssh: SshOptions, env: SshEnvironment["env"]): string | undefined {
  if (typeof ssh.agent === "string") return ssh.agent;
  // To OpenSSH, too, an empty one is none.
  return ssh.agent === false ? undefined : env.SSH_AUTH_SOCK || undefined;
}

/** Declared keys, else those of OpenSSH's usual names that are there; none where the SSH configuration wants none. */
function planKeys(host: HostData, environment: SshEnvironment, found?: SshConfigHost): PrivateKey[] {
  const { clientKeys, passphraseEnv, passphraseCommand } = host.ssh;
  const isDeclared = clientKeys.length > 0 || found?.identityFiles !== undefined;
  const paths = isDeclared ? clientKeys : findUsualKeys(environment.home, found?.identitiesOnly);
  const { env, sendPasswords = true } = environment;
  const argv = sendPasswords ? passphraseCommand : undefined;
  const passphrase =
    secretOf(passphraseEnv, env) ?? readByCommand(host, { what: "the passphrase of its keys", argv }, environment);
  return paths.map((path) => ({ path, passphrase }));
}

/** @param inAgent whether to name those too whose public half alone is there, which tells an agent's key */
function findUsualKeys(home: string, inAgent = false): string[] {
  const names = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];
  const usual = names.map((name) => join(home, ".ssh", name));
  return usual.filter((path) => existsSync(path) || (inAgent && existsSync(`${path}.pub`)));
}

/** @see ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile */
const globalKnownHosts = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"] as const;

function planHostKey(ssh: SshOptions, environment: SshEnvironment, found?: SshConfigHost): HostKeyPolicy {
  if (ssh.hostKey !== undefined) return { pin: ssh.hostKey };
  const { home, onHostKeyLearned } = environment;
  const usual = ["known_hosts", "known_hosts2"].map((name) => join(home, ".ssh", name));
  const users = found?.userKnownHostsFiles ?? usual;
  const knownHosts = ssh.knownHosts ?? [...users, ...(found?.globalKnownHostsFiles ?? globalKnownHosts)];
  if (found?.strictHostKeyChecking === "yes") return { knownHosts };
  const ownFile = join(stateDirectory(environment), "known_hosts");
  if (environment.learnHostKeys === false) return { knownHosts: [...knownHosts, ownFile] };
  const file = ssh.knownHosts === undefined ? learningFile(found, ownFile) : ownFile;
  return { knownHosts, learn: { file, ...(onHostKeyLearned && { onLearned: onHostKeyLearned }) } };
}

/** A configuration that names files of its own, or none, keeps its keys apart from those of others. */
function learningFile(found: SshConfigHost | undefined, ownFile: string): string {
  const files = found?.userKnownHostsFiles;
  return files === undefined ? ownFile : (files[0] ?? "/dev/null");
}

function secretOf(variable: string | undefined, env: SshEnvironment["env"]): Secret | undefined {
  const value = variable === undefined ? undefined : env[variable];
  return value === undefined ? undefined : new Secret(value);
}
