import { matchesList } from "../lists/patterns.js";
import { type ConfigOptions, configError, type LocalMachine, type SshConfigHost } from "./ssh-config-host.js";
import { keywordKind, renamed } from "./ssh-config-keywords.js";
import { type ConfigLine, parseLine } from "./ssh-config-line.js";
import { matchesConditions } from "./ssh-config-match.js";
import { isSome } from "./ssh-config-options.js";
import { type AskedHost, followJumps } from "./ssh-config-route.js";

/** The texts of the files that one pattern of an `Include` names, in order. */
export type ReadInclude = (pattern: string) => readonly string[];

export interface SshConfigText {
  /** What `~/.ssh/config` holds. */
  readonly text: string;
  readonly local: LocalMachine;
  /** Default: what is included is empty. */
  readonly readInclude?: ReadInclude | undefined;
}

/**
 * Resolves an alias of an OpenSSH client configuration to the machines of its route, hops first. It runs nothing: a `Match`
 * that only `ssh` can judge is refused by its name, and so is an option that is not understood.
 *
 * @param alias `[user@]host[:port]` or `ssh://…`: a user and a port that stand here go before the configuration
 * @throws OttoError `SSH_CONFIG_INVALID`
 * @see ssh_config(5)
 */
export function resolveSshConfig(config: SshConfigText, alias: string): Promise<readonly SshConfigHost[]> {
  return followJumps(alias, async (asked) => findSshOptions(config, asked), config.local);
}

/** The names that `Host` lines give, without patterns, in their order. Nothing is run. */
export function listSshAliases({
  text,
  readInclude = () => [],
}: Pick<SshConfigText, "text" | "readInclude">): string[] {
  const names: string[] = [];
  walk(text, { readInclude, alias: "", depth: 0 }, ({ keyword, words }) => {
    if (keyword === "host") names.push(...words.filter((word) => !/[*?!]/.test(word)));
  });
  return [...new Set(names)];
}

/** Whether a `Host` line names it, or a pattern of one that is not for all. Nothing is run. */
export function isSshAlias(
  { text, readInclude = () => [] }: Pick<SshConfigText, "text" | "readInclude">,
  name: string,
): boolean {
  let isNamed = false;
  walk(text, { readInclude, alias: name, depth: 0 }, ({ keyword, words }) => {
    if (keyword === "host")
      isNamed ||= matchesList(
        words.filter((word) => !/^\*+$/.test(word)),
        name,
      );
  });
  return isNamed;
}

/** What the configuration says of one machine. */
export function findSshOptions(config: SshConfigText, asked: AskedHost): ConfigOptions {
  const { text, local, readInclude = () => [] } = config;
  const { alias, username, port, jumps } = asked;
  const options = new Map<string, readonly string[]>();
  const give = (keyword: string, value: string | undefined) => value !== undefined && options.set(keyword, [value]);
  give("user", username);
  give("port", port);
  give("proxyjump", jumps);
  const isMatch = ({ keyword, words }: ConfigLine): boolean => {
    if (keyword === "host") return matchesList(words, alias);
    const typed = alias.toLowerCase();
    const host = (options.get("hostname")?.[0] ?? typed).replaceAll("%h", typed).replaceAll("%%", "%");
    const user = options.get("user")?.[0] ?? local.username;
    return matchesConditions(words, { alias, host, username: user, localUsername: local.username });
  };
  walk(text, { readInclude, alias, depth: 0, isMatch }, (line) => noteOption(options, line, alias));
  return options;
}

interface Walk {
  readonly readInclude: ReadInclude;
  readonly alias: string;
  readonly depth: number;
  /** Whether a `Host` or `Match` holds; without it, all lines are visited. */
  readonly isMatch?: ((line: ConfigLine) => boolean) | undefined;
}

// As OpenSSH.
const maxDepth = 16;

/** Visits the lines that are in force, those of included files in their places. */
function walk(text: string, at: Walk, visit: (line: ConfigLine) => void): void {
  const { alias, depth, isMatch, readInclude } = at;
  if (depth > maxDepth) throw configError(alias, `Include goes deeper than ${maxDepth} files`);
  let isActive = true;
  for (const written of text.split("\n")) {
    const line = parseLine(written, alias);
    if (line === undefined) continue;
    const { keyword, words } = line;
    if (keyword === "include") {
      const texts = isActive ? words.flatMap((pattern) => readInclude(pattern)) : [];
      for (const included of texts) walk(included, { ...at, depth: depth + 1 }, visit);
    } else if (isMatch !== undefined && (keyword === "host" || keyword === "match")) isActive = isMatch(line);
    else if (isActive) visit(line);
  }
}

function noteOption(options: Map<string, readonly string[]>, line: ConfigLine, alias: string): void {
  const { words, rest } = line;
  const keyword = renamed[line.keyword] ?? line.keyword;
  const kind = keywordKind(keyword);
  const known = options.get(keyword);
  if (kind === "ignored") return;
  if (kind === undefined) requireHarmless(options, line, alias);
  else if (kind === "all") options.set(keyword, [...(known ?? []), ...words]);
  else if (keyword === "proxyjump") noteJump(options, rest);
  else if (keyword === "proxycommand") noteCommand(options, rest);
  else if ((kind === "one" || kind === "time") && words.length > 1)
    throw configError(alias, `${line.keyword} has more than one value: ${rest}`);
  else if (kind === "time" && words[0] === "none") return;
  else if (known === undefined) options.set(keyword, words);
}

/** Of jumps and command, the one that is given first is taken. */
function noteJump(options: Map<string, readonly string[]>, rest: string): void {
  if (options.has("proxyjump") || options.has("proxycommand")) return;
  // OpenSSH refuses a comment here up to 9.2.
  options.set("proxyjump", [rest.replace(/[ \t]*#.*$/, "")]);
}

function noteCommand(options: Map<string, readonly string[]>, rest: string): void {
  const hasJumps = options.get("proxyjump")?.some(isSome) === true;
  if (!hasJumps && !options.has("proxycommand")) options.set("proxycommand", [rest]);
}

/** An option that is switched off asks for nothing. */
function requireHarmless(options: ConfigOptions, { keyword, words, rest }: ConfigLine, alias: string): void {
  const ignored = options.get("ignoreunknown")?.[0]?.toLowerCase().split(",") ?? [];
  if (matchesList(ignored, keyword) || /^(no|none|any|default|false)$/i.test(words[0] ?? "")) return;
  throw configError(
    alias,
    `${keyword} is not understood without OpenSSH's client, which is not installed here: ${rest}`,
  );
}
