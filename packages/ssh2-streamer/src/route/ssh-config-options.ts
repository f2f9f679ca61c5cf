import type { SshAlgorithms } from "./endpoint.js";
import {
  type ConfigOptions,
  configError,
  type LocalMachine,
  type SshConfigHost,
  type StrictHostKeyChecking,
} from "./ssh-config-host.js";
import { expandPath, type TokenValues } from "./ssh-config-tokens.js";

export interface OptionsSetting {
  readonly alias: string;
  readonly local: LocalMachine;
  /** Whether another machine of the way leads to it. */
  readonly isBehindHop: boolean;
  /** What `user` is where it was not given with the name. */
  readonly username?: string | undefined;
  readonly port?: string | undefined;
}

/** Reads the options of one machine, whoever found them. */
export function readHost(options: ConfigOptions, setting: OptionsSetting): SshConfigHost {
  const { alias, local } = setting;
  const one = (name: string): string | undefined => options.get(name)?.[0];
  const all = (name: string) => (options.get(name) ?? []).filter(isSome);
  const some = (name: string) => all(name)[0];
  const typed = alias.toLowerCase();
  const host = (one("hostname") ?? typed).replaceAll("%h", typed).replaceAll("%%", "%").toLowerCase();
  const port = parsePort(setting.port ?? one("port") ?? "22", alias);
  const username = setting.username ?? one("user");
  const hostKeyAlias = one("hostkeyalias")?.toLowerCase();
  const at: TokenValues = { alias, host, port, username: username ?? local.username, hostKeyAlias };
  const paths = (name: string) => all(name).map((path) => expandPath(path, at, local));
  const files = (name: string) => (options.has(name) ? paths(name) : undefined);
  return {
    alias,
    host,
    port,
    username,
    identityFiles: options.has("identityfile") ? [...new Set(paths("identityfile"))] : undefined,
    identitiesOnly: isYes(one("identitiesonly")),
    certificateFiles: paths("certificatefile"),
    identityAgent: readAgent(options.get("identityagent")?.[0], at, local),
    proxyCommand: setting.isBehindHop ? undefined : some("proxycommand"),
    hostKeyAlias,
    strictHostKeyChecking: readStrictness(one("stricthostkeychecking"), alias),
    userKnownHostsFiles: files("userknownhostsfile"),
    globalKnownHostsFiles: files("globalknownhostsfile"),
    algorithms: readAlgorithms(one),
    // OpenSSH has no limit of its own with 0.
    connectTimeoutMs: readSeconds(one("connecttimeout"), alias) || undefined,
    serverAliveIntervalMs: readSeconds(one("serveraliveinterval"), alias),
    serverAliveCountMax: readCount(one("serveralivecountmax"), alias),
    compression: isYes(one("compression")),
    gssapi: isYes(one("gssapiauthentication")),
    pkcs11Provider: some("pkcs11provider"),
    revokedHostKeys: all("revokedhostkeys"),
  };
}

/** Whether it is a value of an option that `none` switches off. */
export function isSome(value: string): boolean {
  return value.toLowerCase() !== "none";
}

function parsePort(text: string, alias: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw configError(alias, `invalid port ${text}: expected 1 to 65535`);
  return port;
}

function readCount(text: string | undefined, alias: string): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? undefined : Number(text);
  throw configError(alias, `invalid ServerAliveCountMax ${text}: expected a number`);
}

function readAgent(value: string | undefined, at: TokenValues, local: LocalMachine): string | false | undefined {
  if (value === undefined || value === "SSH_AUTH_SOCK") return undefined;
  if (value.toLowerCase() === "none") return false;
  const [, variable] = /^\$(\w+)$/.exec(value) ?? [];
  return variable === undefined ? expandPath(value, at, local) : (local.env[variable] ?? false);
}

const strictness: Readonly<Record<string, StrictHostKeyChecking>> = {
  yes: "yes",
  true: "yes",
  ask: "ask",
  "accept-new": "accept-new",
  no: "no",
  off: "no",
  false: "no",
};

function readStrictness(value: string | undefined, alias: string): StrictHostKeyChecking | undefined {
  if (value === undefined) return undefined;
  const known = strictness[value.toLowerCase()];
  if (known === undefined) throw configError(alias, `StrictHostKeyChecking is none of its values: ${value}`);
  return known;
}

function readAlgorithms(one: (name: string) => string | undefined): SshAlgorithms | undefined {
  const algorithms: SshAlgorithms = {
    kex: one("kexalgorithms"),
    ciphers: one("ciphers"),
    macs: one("macs"),
    hostKeys: one("hostkeyalgorithms"),
    publicKeys: one("pubkeyacceptedalgorithms"),
  };
  const given = Object.entries(algorithms).filter(([, list]) => list !== undefined);
  return given.length === 0 ? undefined : (Object.fromEntries(given) as SshAlgorithms);
}

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** @see sshd_config(5), TIME FORMATS */
function readSeconds(text: string | undefined, alias: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(\d+[smhdw]?)+$/i.test(text))
    throw configError(alias, `invalid time ${text}: expected seconds, or numbers with s, m, h, d or w`);
  const parts = [...text.matchAll(/(\d+)([smhdw]?)/gi)];
  const seconds = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (secondsOf[unit?.toLowerCase() || "s"] ?? 1),
    0,
  );
  return seconds * 1000;
}

function isYes(value: string | undefined): boolean {
  return value !== undefined && /^(yes|true)$/i.test(value);
}
