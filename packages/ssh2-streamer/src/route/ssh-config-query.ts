import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cleanText } from "@otto/errors";
import { type ConfigOptions, configError, type LocalMachine, type SshConfigHost } from "./ssh-config-host.js";
import { type AskedHost, followJumps } from "./ssh-config-route.js";
import { isUnsafeLogin, isUnsafeWord } from "./ssh-config-tokens.js";

export interface SshQuery {
  readonly local: LocalMachine;
  /** Absolute path of the configuration; `none` for none. Default: that of the user and that of the machine. */
  readonly configFile?: string | undefined;
}

/**
 * Resolves an alias as OpenSSH's client does, by asking it (`ssh -G`): what a `Match exec` of the configuration names is run.
 *
 * @param alias `[user@]host[:port]` or `ssh://…`: a user and a port that stand here go before the configuration
 * @param signal ends the `ssh` that is asked
 * @returns hops first; undefined where there is no `ssh`
 * @throws OttoError `SSH_CONFIG_INVALID`, with the words of `ssh`
 */
export type AskOpenSsh = (alias: string, signal?: AbortSignal) => Promise<readonly SshConfigHost[] | undefined>;

/** Asks the `ssh` that `PATH` finds: a process for each machine of a route, and a first one for what it does without a configuration. */
export function createOpenSshQuery(query: SshQuery): AskOpenSsh {
  let usual: Promise<ConfigOptions> | undefined;
  return async (alias, signal) => {
    try {
      usual ??= readUsual(query);
      const without = await usual;
      const find = async (asked: AskedHost) => withoutUsual(await runSsh({ ...query, signal }, asked), without, asked);
      return await followJumps(alias, find, query.local);
    } catch (error) {
      if (error instanceof NoSsh) return undefined;
      throw error;
    }
  };
}

class NoSsh extends Error {}

/**
 * What `ssh` does without a configuration.
 * @throws NoSsh where that is not OpenSSH's, which would take `-G` for nothing and connect, or does not know who its user is
 */
async function readUsual(query: SshQuery): Promise<ConfigOptions> {
  try {
    const { stderr } = await execute(["-V"], query.local);
    if (/^OpenSSH/m.test(stderr)) return await runSsh({ ...query, configFile: "none" }, { alias: "localhost" });
  } catch {
    // There is none, or it is of no use.
  }
  throw new NoSsh();
}

// A `Match exec` may wait for a network; longer than any does, and no longer than a person does.
const answerTimeoutMs = 60_000;

interface SignalledQuery extends SshQuery {
  readonly signal?: AbortSignal | undefined;
}

async function runSsh({ local, configFile, signal }: SignalledQuery, asked: AskedHost): Promise<ConfigOptions> {
  const { alias, username, port, jumps } = asked;
  // The jumps come from the configuration; each is judged when it is asked for itself.
  if (isUnsafeWord(alias)) throw configError(alias, `${JSON.stringify(alias)} is no name of a machine`);
  if (username !== undefined && isUnsafeLogin(username))
    throw configError(alias, `${JSON.stringify(username)} is no login`);
  const options = [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...(username === undefined ? [] : ["-l", username]),
    ...(port === undefined ? [] : ["-p", port]),
    ...(jumps === undefined ? [] : ["-J", jumps]),
  ];
  try {
    const { stdout } = await execute(["-G", ...options, "--", alias], local, signal);
    return parseAnswer(stdout);
  } catch (error) {
    signal?.throwIfAborted();
    const { code, stderr = "" } = error as { readonly code?: unknown; readonly stderr?: string };
    const said = cleanText(stderr.replace(/^Pseudo-terminal will not be allocated.*\n/m, "")).trim();
    throw configError(alias, said === "" ? `ssh -G ended with ${String(code)}` : said);
  }
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

function execute(argv: readonly string[], { env }: LocalMachine, signal?: AbortSignal): Promise<Output> {
  const settings = { env: { ...env }, signal, timeout: answerTimeoutMs, killSignal: "SIGKILL" } as const;
  const running = promisify(execFile)("ssh", argv, settings);
  // It says on stderr that it gets no terminal for a session, where stdin is none.
  running.child.stdin?.end();
  return running;
}

/** Options that print their values behind each other. */
const lists: readonly string[] = ["userknownhostsfile", "globalknownhostsfile", "revokedhostkeys"];

function parseAnswer(text: string): ConfigOptions {
  const options = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    // Paths with spaces are printed as they are: those that are expanded begin with `/`.
    const values = lists.includes(name) ? value.split(/ (?=[/~]|none$)/) : [value];
    options.set(name, [...(options.get(name) ?? []), ...values]);
  }
  return options;
}

/** What is said of each machine, whatever it is. */
const own: readonly string[] = ["host", "hostname", "port", "user"];

/** What the configuration says, which is not what `ssh` does without one. */
function withoutUsual(found: ConfigOptions, usual: ConfigOptions, { username }: AskedHost): ConfigOptions {
  const isUsual = ([name, values]: [string, readonly string[]]) =>
    !own.includes(name) && usual.get(name)?.join("\0") === values.join("\0");
  const isLocalUser = found.get("user")?.[0] === usual.get("user")?.[0] && username === undefined;
  const said = [...found].filter((option) => !isUsual(option) && !(isLocalUser && option[0] === "user"));
  return new Map(said);
}
