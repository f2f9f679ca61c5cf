import { type ConfigOptions, configError, type LocalMachine, type SshConfigHost } from "./ssh-config-host.js";
import { isSome, readHost } from "./ssh-config-options.js";
import { expandPath } from "./ssh-config-tokens.js";

/** A machine as it is asked for: what stands here goes before its configuration. */
export interface AskedHost {
  readonly alias: string;
  readonly username?: string | undefined;
  readonly port?: string | undefined;
  /** As `ProxyJump` has them. */
  readonly jumps?: string | undefined;
}

export type FindOptions = (asked: AskedHost) => Promise<ConfigOptions>;

const maxJumps = 16;

/**
 * Follows jumps as `ssh` does: it reaches the last one through those that are named before it, whatever that one's own
 * configuration says of jumps.
 * @param spec `[user@]host[:port]`, or a URI
 * @returns hops first
 */
export async function followJumps(spec: string, find: FindOptions, local: LocalMachine): Promise<SshConfigHost[]> {
  const hosts: SshConfigHost[] = [];
  let next: string | undefined = spec;
  let jumps: string | undefined;
  while (next !== undefined) {
    const asked = { ...parseJump(next), jumps };
    const { alias, username, port } = asked;
    const names = [alias, ...hosts.map((host) => host.alias)].toReversed();
    if (hosts.length > maxJumps) throw configError(alias, `jumps in a circle: ${names.slice(0, 4).join(", ")}`);
    const options: ConfigOptions = await find(asked);
    const named: string | undefined = jumps ?? options.get("proxyjump")?.filter(isSome)[0];
    const host = readHost(options, { alias, username, port, local, isBehindHop: named !== undefined });
    hosts.unshift(host);
    const at = { ...host, username: host.username ?? local.username };
    if (named !== undefined) assertOther(named, at);
    const list: string[] = named === undefined ? [] : expandPath(named, at, local).split(",");
    next = list.pop()?.trim();
    jumps = list.length === 0 ? undefined : list.join(",");
  }
  return hosts;
}

/** OpenSSH refuses a machine as the jump right before itself: one of the same name, as it is written, port and login. */
function assertOther(jumps: string, { alias, host, port, username }: SshConfigHost): void {
  const last = parseJump(jumps.slice(jumps.lastIndexOf(",") + 1).trim());
  const isSame = last.alias === host && Number(last.port ?? 22) === port && (last.username ?? username) === username;
  if (isSame) throw configError(alias, `jumphost loop via ${host}`);
}

function parseJump(spec: string): AskedHost {
  const [, scheme, login, host, port] = /^(ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?\/?$/.exec(spec) ?? [];
  if (host === undefined) throw configError(spec, "expected [user@]host[:port]");
  const username = scheme === undefined ? login : login && decodeLogin(login, spec);
  return { alias: host.replaceAll(/[[\]]/g, ""), username, port };
}

/** @see draft-salowey-secsh-uri: parameters may follow the login */
function decodeLogin(login: string, spec: string): string {
  try {
    return decodeURIComponent(login.replace(/;.*$/, ""));
  } catch {
    throw configError(spec, "its login is no part of a URL");
  }
}
