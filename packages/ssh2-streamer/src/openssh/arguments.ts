import { join } from "node:path";
import { longestTimerMs } from "@otto/errors";
import type { SshEndpoint } from "../route/endpoint.js";
import type { OpensshLogin } from "./login.js";

/** Where the socket of the master lies in its private directory. */
export function controlPathIn(directory: string): string {
  return join(directory, "c");
}

/** A master nobody is attached to ends after so many seconds: soon after our process was killed. */
const persistSeconds = 10;

export interface MasterSetting {
  readonly endpoint: SshEndpoint;
  readonly login: OpensshLogin;
  /** Paths of the login's private keys. */
  readonly keyPaths: readonly string[];
  /** `HostKeyAlgorithms` */
  readonly hostKeyAlgorithms: string;
  /** A known_hosts file with the authorities whose certificates are trusted. */
  readonly authoritiesFile: string;
  readonly directory: string;
  /** Answers `KnownHostsCommand`. */
  readonly program: string;
  /** How many hops carry the connection. */
  readonly depth: number;
  /** Whether it has the connection itself. */
  readonly isHandedOver: boolean;
  /** Whether a person may answer, who may be wrong. */
  readonly canAsk: boolean;
}

/**
 * The arguments of an `ssh` that logs in over its stdin and stdout, and then goes to the background as a master without a
 * session. What stands on the command line goes before what a configuration says.
 */
export function formatArguments(setting: MasterSetting): string[] {
  const { endpoint, login, directory } = setting;
  const { host, port = 22, alias = host, configFile = "none", compress = false } = endpoint;
  const { connectTimeoutMs = 20_000 } = endpoint;
  const options: readonly (readonly [string, string | number | undefined])[] = [
    ["HostName", quote(host)],
    ["Port", port],
    ["ProxyCommand", "-"],
    ["ProxyJump", "none"],
    ["ControlMaster", "yes"],
    ["ControlPath", quote(controlPathIn(directory))],
    ["ControlPersist", persistSeconds],
    ["Compression", toYesNo(compress)],
    ["ConnectionAttempts", 1],
    // This process waits no longer. Without it, nobody else ends the wait for a server that says nothing.
    ["ConnectTimeout", Math.ceil(Math.min(connectTimeoutMs, longestTimerMs) / 1000) + 1],
    ...formatHostKeys(setting),
    ...formatLogin(setting),
    ...formatAlgorithms(endpoint),
    ...formatKeepalive(setting),
    // What a configuration may ask for besides the connection.
    ["AddKeysToAgent", "no"],
    ["BatchMode", "no"],
    ["RemoteCommand", "none"],
    ["RequestTTY", "no"],
    ["PermitLocalCommand", "no"],
    ["ClearAllForwardings", "yes"],
    ["ForwardAgent", "no"],
    ["ForwardX11", "no"],
    ["Tunnel", "no"],
    ["UpdateHostKeys", "no"],
  ];
  const given = options.flatMap(([name, value]) => (value === undefined ? [] : ["-o", `${name}=${value}`]));
  // Without -v it closes its stderr when it goes to the background.
  return ["-v", "-N", "-F", configFile, "-l", login.username, ...given, "--", alias];
}

type Options = readonly (readonly [string, string | number | undefined])[];

/** Keys are judged by this process, which the program asks; certificates by `ssh`. */
function formatHostKeys({ program, hostKeyAlgorithms, authoritiesFile, endpoint }: MasterSetting): Options {
  return [
    ["StrictHostKeyChecking", "yes"],
    ["UserKnownHostsFile", quote(authoritiesFile)],
    ["GlobalKnownHostsFile", "none"],
    ["KnownHostsCommand", `/bin/sh ${quote(program)} host-key %I %H %t %K`],
    ["HostKeyAlgorithms", hostKeyAlgorithms],
    [
      "RevokedHostKeys",
      endpoint.revokedHostKeys?.length ? endpoint.revokedHostKeys.map(quoteWord).join(" ") : undefined,
    ],
    ["HostKeyAlias", endpoint.hostKeyAlias && quoteWord(endpoint.hostKeyAlias)],
    ["NoHostAuthenticationForLocalhost", "no"],
    ["CheckHostIP", "no"],
    ["VerifyHostKeyDNS", "no"],
  ];
}

function formatLogin({ endpoint, login, keyPaths, canAsk }: MasterSetting): Options {
  const { agent, identitiesOnly, password, certificates } = login;
  const { gssapi = false, pkcs11Provider } = endpoint;
  const hasKeys = keyPaths.length > 0 || agent !== undefined || pkcs11Provider !== undefined;
  const methods = [
    ...(gssapi ? ["gssapi-with-mic"] : []),
    ...(hasKeys ? ["publickey"] : []),
    // What a server asks says more than that it takes a password.
    ...(password === undefined ? ["keyboard-interactive", "password"] : ["password", "keyboard-interactive"]),
  ];
  return [
    ["IdentityAgent", agent === undefined ? "none" : quote(agent)],
    ["IdentitiesOnly", toYesNo(identitiesOnly || (agent === undefined && pkcs11Provider === undefined))],
    ...(keyPaths.length === 0 ? ["none"] : keyPaths.map(quote)).map((path) => ["IdentityFile", path] as const),
    ...certificates.map((path) => ["CertificateFile", quote(path)] as const),
    ["PKCS11Provider", pkcs11Provider && quoteWord(pkcs11Provider)],
    ["PreferredAuthentications", methods.join(",")],
    ["GSSAPIAuthentication", toYesNo(gssapi)],
    ["NumberOfPasswordPrompts", canAsk ? 3 : 1],
  ];
}

function formatAlgorithms({ algorithms = {} }: SshEndpoint): Options {
  const { kex, ciphers, macs, publicKeys } = algorithms;
  return [
    ["KexAlgorithms", kex],
    ["Ciphers", ciphers],
    ["MACs", macs],
    ["PubkeyAcceptedAlgorithms", publicKeys],
  ];
}

/** `ssh` counts whole seconds. @returns the shortest interval that is as long as what the endpoint says */
export function probeIntervalMs({ keepaliveIntervalMs = 15_000 }: SshEndpoint): number {
  return Math.ceil(Math.min(keepaliveIntervalMs, longestTimerMs) / 1000) * 1000;
}

// When a hop falls silent, all that it carries does: its own connection is to say so first. What passes through this process
// is silent while that stands still, which `ssh` could not tell apart: then it probes, and this process judges.
function formatKeepalive({ endpoint, depth, isHandedOver }: MasterSetting): Options {
  const { keepaliveCountMax = 3 } = endpoint;
  return [
    ["ServerAliveInterval", probeIntervalMs(endpoint) / 1000],
    // `ssh` gives up one interval after the last probe that it may miss.
    ["ServerAliveCountMax", isHandedOver ? Math.max(keepaliveCountMax, 2) + depth - 1 : longestTimerMs],
    ["TCPKeepAlive", "yes"],
  ];
}

function toYesNo(value: boolean): "yes" | "no" {
  return value ? "yes" : "no";
}

/** A word of a configuration in which `%` begins a token. */
function quote(text: string): string {
  return quoteWord(text.replaceAll("%", "%%"));
}

function quoteWord(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}
