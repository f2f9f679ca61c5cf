import { createHash } from "node:crypto";
import { configError, type LocalMachine } from "./ssh-config-host.js";

/** What tokens stand for, beside what the machine of the configuration says. */
export interface TokenValues {
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly hostKeyAlias: string | undefined;
}

/**
 * Replaces `~`, tokens and `${VARIABLE}` in a path.
 * @throws OttoError `SSH_CONFIG_INVALID` for a token or a variable that stands for nothing, and another user's home
 * @see ssh_config(5), TOKENS
 */
export function expandPath(path: string, at: TokenValues, local: LocalMachine): string {
  const { alias } = at;
  if (/^~[^/]/.test(path)) throw configError(alias, `the home of another user cannot be found: ${path}`);
  const values: Readonly<Record<string, string>> = {
    "%": "%",
    C: createHash("sha1").update(`${local.hostName}${at.host}${at.port}${at.username}`).digest("hex"),
    d: local.home,
    h: at.host,
    i: String(local.uid),
    k: at.hostKeyAlias ?? alias,
    L: local.hostName.split(".")[0] ?? "",
    l: local.hostName,
    n: alias,
    p: String(at.port),
    r: at.username,
    u: local.username,
  };
  return path
    .replace(/^~(?=\/|$)/, local.home)
    .replace(/%(.?)|\$\{([^}]*)\}/gs, (token, letter?: string, variable = "") => {
      const value = letter === undefined ? local.env[variable] : values[letter];
      if (value === undefined) throw configError(alias, `${token} of ${path} stands for nothing that is known here`);
      return value;
    });
}

/** Whether a shell may read a word as more than a word, or a program as an option. */
export function isUnsafeWord(word: string): boolean {
  return /^-|[\s'`"$\\;&<>|(){}\p{Cc}]/u.test(word);
}

/** Whether OpenSSH refuses it as a login, since 9.6. One of a Windows domain, which has a backslash, is none of those. */
export function isUnsafeLogin(login: string): boolean {
  return /^-|\s-|\\$|['`";&<>|(){}\p{Cc}]/u.test(login);
}
