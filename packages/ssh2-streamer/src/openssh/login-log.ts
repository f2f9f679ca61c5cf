import type { ConnectFailure } from "../route/failure.js";
import { readDropWord } from "../transport/server-faults.js";

// What OpenSSH 8.5 to 10 writes to stderr with -v; nothing but these functions looks at the text.

/** Why a login failed. */
export type LoginOutcome =
  | { readonly kind: "denied"; readonly offered: readonly string[] | undefined; readonly lastWord: string | undefined }
  | {
      readonly kind: "unconnected";
      readonly offered: readonly string[] | undefined;
      readonly reason: ConnectFailure;
      /** Whether the server hung up, at whatever time. */
      readonly isDrop: boolean;
      readonly said: string;
    };

/** Reads why `ssh` did not log in. */
export function readLoginFailure(log: string): LoginOutcome {
  const lines = log.split(/\r?\n/).filter((line) => line !== "");
  const said = lines
    .filter((line) => !/^debug\d: |^OpenSSH_/.test(line))
    .slice(-3)
    .join("; ");
  const denied = lines.findLast((line) => / ?Permission denied \([^)]*\)\.$/.test(line));
  const disconnect = lines.findLast((line) => line.startsWith("Received disconnect from "));
  const offered = readOffered(lines);
  if (denied !== undefined || (disconnect !== undefined && hasBegunLogin(log))) {
    return { kind: "denied", offered, lastWord: readReason(disconnect) };
  }
  const dropWord = readDropWord(log.replaceAll(/^debug1: kex_exchange_identification: banner line \d+: /gm, ""));
  if (dropWord !== undefined) return { kind: "unconnected", offered, reason: "dropped", isDrop: true, said: dropWord };
  const isDrop = /(Connection (closed|reset) by |Connection timed out|Broken pipe)/.test(said);
  const sawWord = /^debug1: (Remote protocol version |kex_exchange_identification: banner line )/m.test(log);
  const reason = sharesNoAlgorithm(log) ? "algorithms" : isDrop && !sawWord ? "dropped" : "handshake";
  return { kind: "unconnected", offered, reason, isDrop, said: said || "ssh ended without a word" };
}

function sharesNoAlgorithm(log: string): boolean {
  return /^Unable to negotiate with .*: no matching /m.test(log);
}

/** What is wrong with the host's certificate, where it was refused for that. Keys are judged elsewhere. */
export function readCertificateRefusal(log: string): string | undefined {
  if (!/^Host key verification failed\.\r?$/m.test(log)) return undefined;
  return /^Certificate invalid: (.*?)\r?$/m.exec(log)?.[1] ?? "no authority on record made it";
}

/** What `RevokedHostKeys` says of the host's key, or why that cannot be read. */
export function readRevocation(
  log: string,
): { readonly file: string; readonly seen: string; readonly why?: string } | undefined {
  const [, seen, file] = /^Host key \S+ (\S+) revoked by file (.*?)\r?$/m.exec(log) ?? [];
  if (seen !== undefined && file !== undefined) return { file, seen };
  const [, unread, inFile, why] =
    /^Error checking host key \S+ (\S+) in revoked keys file (.*): (.*?)\r?$/m.exec(log) ?? [];
  if (unread === undefined || inFile === undefined || why === undefined) return undefined;
  return { file: inFile, seen: unread, why };
}

/** Whether it does not know an option that came with OpenSSH 8.5. */
export function isTooOld(log: string): boolean {
  return /Bad configuration option: knownhostscommand/i.test(log);
}

/** What the server calls itself: `OpenSSH_9.2p1 Debian-2`. */
export function readServerVersion(log: string): string {
  return /^debug1: Remote protocol version [\d.]+, remote software version (.*?)\r?$/m.exec(log)?.[1] ?? "";
}

/** Why a key was not tried, by its path. */
export function readKeyProblems(log: string): ReadonlyMap<string, string> {
  const unloaded = log.matchAll(/^Load key "(.+)": (.*?)\r?$/gm);
  const missing = log.matchAll(/^(?:Warning: )?Identity file (.+) not accessible: (.*?)\.?\r?$/gm);
  return new Map([...missing, ...unloaded].map(([, path = "", why = ""]) => [path, why.toLowerCase()]));
}

/** Why a library of PKCS #11 gave no keys. */
export function readProviderProblem(log: string): string | undefined {
  const [, why] = /^(?:lib_contains_symbol: |dlopen .* failed: )(.*?)\r?$/m.exec(log) ?? [];
  const isOther = /^provider .* is not a PKCS11 library\r?$/m.test(log);
  return why ?? (isOther ? "not a library of PKCS #11" : undefined);
}

/** Why this machine could not log in by GSSAPI, which it was told to try: no ticket, no KDC. */
export function readGssapiProblem(log: string): string | undefined {
  const [, attempt = ""] = log.split(/^debug1: Next authentication method: gssapi-with-mic\r?$/m);
  const [own = ""] = attempt.split(/^debug1: (?:Next authentication method|Authentications that can continue): /m);
  // GSSAPI's own word for it is a line of -v; that of Kerberos follows.
  return own.split(/\r?\n/).find((line) => line !== "" && !/^(debug\d: |\S+: Permission denied )/.test(line));
}

/** Why a master that was logged in has ended; the last of what it wrote. */
export function readLossCause(log: string): string | undefined {
  // The figures are what -v ends with.
  const isWord = (line: string) => line !== "" && !/^(debug\d: |Transferred: |Bytes per second: )/.test(line);
  const last = log.split(/\r?\n/).findLast(isWord);
  if (last === undefined || /^Connection to .* closed by remote host\.$/.test(last)) return undefined;
  return last;
}

function hasBegunLogin(log: string): boolean {
  return log.includes("debug1: Authentications that can continue: ");
}

function readOffered(lines: readonly string[]): readonly string[] | undefined {
  const offers = lines.findLast((line) => line.startsWith("debug1: Authentications that can continue: "));
  return offers?.split(": ")[2]?.split(",");
}

function readReason(disconnect: string | undefined): string | undefined {
  return disconnect?.replace(/^Received disconnect from \S+ port \d+:\d+: /, "");
}
