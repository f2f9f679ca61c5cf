import { existsSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { OttoError, readBoundedFileSync, SingleFlight } from "@otto/errors";
import {
  type AskOpenSsh,
  createOpenSshQuery,
  isSshAlias,
  type LocalMachine,
  listSshAliases,
  resolveSshConfig,
  type SshConfigHost,
} from "ssh2-streamer";
import { globSync } from "tinyglobby";

export interface SshClientSetting {
  /** `PATH` finds `ssh`; variables that the configuration names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the user's home. */
  readonly home: string;
}

/** The user's configuration of OpenSSH's client. */
export class SshClientConfig {
  /** Absolute path; undefined if the user has no configuration. */
  readonly file: string | undefined;
  readonly #home: string;
  readonly #local: LocalMachine;
  readonly #ask: AskOpenSsh;
  readonly #routes = new Map<string, readonly SshConfigHost[]>();
  readonly #flights = new Map<string, SingleFlight<readonly SshConfigHost[]>>();

  constructor({ env, home }: SshClientSetting) {
    const file = join(home, ".ssh", "config");
    const { username, uid } = readUser(env);
    this.file = existsSync(file) ? file : undefined;
    this.#home = home;
    this.#local = { home, username, uid, hostName: hostname(), env };
    this.#ask = createOpenSshQuery({ local: this.#local, configFile: this.#configFile() });
  }

  /** Who the user of this machine is: OpenSSH's login where nothing names one. */
  get localUser(): string {
    return this.#local.username;
  }

  /**
   * The machines of a route, hops first, as OpenSSH's client reads them where there is one, which runs what a `Match exec` names.
   * Each is asked for once.
   * @param asked `[user@]alias[:port]`
   * @param signal ends the client that is asked, unless others wait for it too
   * @throws OttoError `SSH_CONFIG_INVALID`, `LAB_SSH_CONFIG_UNREADABLE`
   */
  async route(asked: string, signal?: AbortSignal): Promise<readonly SshConfigHost[]> {
    const known = this.#routes.get(asked);
    if (known !== undefined) return known;
    const flight = this.#flights.get(asked) ?? new SingleFlight((wanted) => this.#find(asked, wanted));
    this.#flights.set(asked, flight);
    const route = await flight.do(signal);
    this.#routes.set(asked, route);
    return route;
  }

  /** The names of its `Host` lines, without patterns. Nothing is run. */
  aliases(): readonly string[] {
    return listSshAliases(this.#text());
  }

  /** Whether a `Host` line names it, or a pattern of one that is not for all. Nothing is run. */
  knows(name: string): boolean {
    return isSshAlias(this.#text(), name);
  }

  async #find(asked: string, signal: AbortSignal): Promise<readonly SshConfigHost[]> {
    const config = { ...this.#text(), local: this.#local };
    const answer = await this.#ask(asked, signal);
    if (answer === undefined) return resolveSshConfig(config, asked);
    // It does not tell a user whom the configuration names from that of this machine.
    const target = answer.at(-1);
    if (target === undefined || target.username !== undefined) return answer;
    const parsed = await resolveSshConfig(config, asked).catch(() => []);
    return [...answer.slice(0, -1), { ...target, username: parsed.at(-1)?.username }];
  }

  /** `ssh` finds the files of the user and of the machine by itself, unless `home` is not where it looks. */
  #configFile(): string | undefined {
    if (this.#home === readUser({}).homedir) return undefined;
    return this.file ?? "none";
  }

  #text() {
    const readInclude = (pattern: string) => findIncluded(pattern, this.#home).map(readConfig);
    return { text: readConfig(join(this.#home, ".ssh", "config")), readInclude };
  }
}

/** A user whose uid is not in passwd gets the name from the environment. */
function readUser(env: SshClientSetting["env"]): { username: string; uid: number; homedir: string } {
  try {
    return userInfo();
  } catch {
    return { username: env.USER || env.LOGNAME || "", uid: process.getuid?.() ?? 0, homedir: "" };
  }
}

/** The files of an `Include`, in the order of their names; a relative pattern is one of `~/.ssh`. */
function findIncluded(pattern: string, home: string): string[] {
  const absolute = resolve(home, ".ssh", pattern.replace(/^~(?=\/)/, home));
  return globSync(absolute, { absolute: true, dot: true, expandDirectories: false }).sort();
}

function readConfig(path: string): string {
  try {
    return readBoundedFileSync(path).toString();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new OttoError("LAB_SSH_CONFIG_UNREADABLE", `reading ${path}: ${(cause as Error).message}`, {
      hint: `Make ${path} readable, or drop use_ssh_config.`,
      details: { file: path },
      cause,
    });
  }
}
