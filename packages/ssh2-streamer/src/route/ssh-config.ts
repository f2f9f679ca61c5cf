import { OttoError } from "@otto/errors";
import type SshConfig from "ssh-config";
import { parseSshConfig, type ReadInclude } from "./ssh-config-include.js";

/** What an OpenSSH client configuration says of one machine on the way. */
export interface SshConfigHost {
  /** As the configuration calls it. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  /** Absolute paths, in the order they are to be tried. */
  readonly identityFiles: readonly string[];
  readonly identityAgent: string | undefined;
}

const maxJumps = 16;

/**
 * Resolves an alias of an OpenSSH client configuration to the machines of its route, hops first.
 *
 * Honours Host, HostName, Port, User, IdentityFile, IdentityAgent and ProxyJump, and `Include` where `readInclude` is
 * given.
 * @param text what `~/.ssh/config` holds
 * @param homeDir what `~` stands for
 * @throws OttoError `SSH_CONFIG_INVALID` for a loop of jumps or includes, a port that is none, and `ProxyCommand`
 * @see ssh_config(5)
 */
export function resolveSshConfig(
  text: string,
  alias: string,
  homeDir: string,
  readInclude: ReadInclude = () => [],
): readonly SshConfigHost[] {
  const config = parseSshConfig(text, readInclude);
  return resolveHost({ config, homeDir, path: [] }, alias);
}

interface Resolution {
  readonly config: SshConfig;
  readonly homeDir: string;
  /** The aliases that led here. */
  readonly path: readonly string[];
}

function resolveHost({ config, homeDir, path }: Resolution, spec: string): SshConfigHost[] {
  const jump = parseJump(spec);
  const { alias } = jump;
  if (path.includes(alias) || path.length >= maxJumps)
    throw configError(alias, `jumps in a circle: ${[...path, alias].join(", ")}`);
  const options = readOptions(config, alias);
  if (options.one("ProxyCommand") !== undefined)
    throw configError(alias, "has a ProxyCommand; only ProxyJump is understood");
  const typed = alias.toLowerCase();
  const host = (options.one("HostName") ?? typed).replaceAll("%h", typed).replaceAll("%%", "%");
  const expand = (file: string) => expandPath(file, homeDir, host);
  const agent = options.one("IdentityAgent");
  const target = {
    alias,
    host,
    port: parsePort(jump.port ?? options.one("Port") ?? "22", alias),
    username: jump.username ?? options.one("User"),
    identityFiles: [...new Set(options.all("IdentityFile").map(expand))],
    identityAgent: agent === undefined || agent === "SSH_AUTH_SOCK" ? undefined : expand(agent),
  };
  const jumps = options.one("ProxyJump")?.split(",") ?? [];
  const hops = jumps.flatMap((hop) => resolveHost({ config, homeDir, path: [...path, alias] }, hop.trim()));
  return [...hops, target];
}

function readOptions(config: SshConfig, alias: string) {
  const computed = config.compute(alias, { ignoreCase: true }) as Record<string, string | string[] | undefined>;
  const byName = new Map(Object.entries(computed).map(([name, value]) => [name.toLowerCase(), value]));
  const all = (name: string) => [byName.get(name.toLowerCase()) ?? []].flat().filter((value) => value !== "none");
  return { all, one: (name: string) => all(name)[0] };
}

function parseJump(spec: string): { alias: string; username: string | undefined; port: string | undefined } {
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?\/?$/.exec(spec);
  if (match?.[2] === undefined) throw configError(spec, "is no [user@]host[:port]");
  return { alias: match[2].replaceAll(/[[\]]/g, ""), username: match[1], port: match[3] };
}

function parsePort(text: string, alias: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw configError(alias, `has no port of this kind: ${text}`);
  return port;
}

function expandPath(file: string, homeDir: string, host: string): string {
  return file
    .replace(/^~(?=\/|$)/, homeDir)
    .replaceAll("%d", homeDir)
    .replaceAll("%h", host)
    .replaceAll("%%", "%");
}

/** The SSH configuration says something of `alias` that cannot be followed. */
export function configError(alias: string, what: string): OttoError {
  return new OttoError("SSH_CONFIG_INVALID", `reading the SSH configuration of ${alias}: ${what}`, {
    hint: "Change the configuration, or give the connection's details without it.",
    details: { alias },
  });
}
