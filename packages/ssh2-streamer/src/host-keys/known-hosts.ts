import { createHash, createHmac } from "node:crypto";
import { matchesList } from "../lists/patterns.js";

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly file: string;
  readonly line: number;
  readonly marker: string | undefined;
  /** Comma-separated patterns, or a hashed name. */
  readonly names: string;
  readonly type: string;
  readonly key: string;
}

/**
 * Parses a known_hosts file; lines that are none of its forms are passed over.
 * @see sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"
 */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split("\n").flatMap((content, index) => {
    const words = content.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [names, type, key] = words;
    if (names === undefined || type === undefined || key === undefined || names.startsWith("#")) return [];
    if (!isKeyOf(type, key)) return [];
    return [{ file, line: index + 1, marker, names, type, key }];
  });
}

/** Whether the base64 text holds a key of this type, rather than what is left of one. */
function isKeyOf(type: string, text: string): boolean {
  const key = Buffer.from(text, "base64");
  return key.length > 4 + type.length && readKeyType(key) === type;
}

/** What known_hosts files may call a server. */
export interface HostNames {
  readonly own: string;
  /** The same without the port, for a port other than 22. */
  readonly portless: string | undefined;
}

/** @param at `hostKeyAlias`: what it is called in place of its address and port */
export function hostNamesOf(at: {
  readonly host: string;
  readonly port?: number | undefined;
  readonly hostKeyAlias?: string | undefined;
}): HostNames {
  const { host, port = 22, hostKeyAlias } = at;
  if (hostKeyAlias !== undefined) return { own: hostKeyAlias.toLowerCase(), portless: undefined };
  return { own: formatHostName(host, port), portless: port === 22 ? undefined : formatHostName(host, 22) };
}

/** Whether a line speaks of `name`, which is spelled as {@link hostNamesOf} does. */
export function isKnownAs(host: KnownHost, name: string): boolean {
  if (host.names.startsWith("|1|")) return isHashOf(host.names, name);
  return matchesList(host.names.toLowerCase().split(","), name);
}

/** Spells a host as known_hosts files do: `host`, or `[host]:port` for a port other than 22. */
export function formatHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** `SHA256:…` of a public key in SSH's wire format, as ssh-keygen -l prints it. */
export function formatFingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type that a public key in SSH's wire format names itself. */
export function readKeyType(key: Buffer): string {
  return key.toString("latin1", 4, 4 + key.readUInt32BE(0));
}

function isHashOf(hashed: string, name: string): boolean {
  const [, , salt = "", digest = ""] = hashed.split("|");
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === digest;
}
