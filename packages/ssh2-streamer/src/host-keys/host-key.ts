import { applyAlgorithmList } from "../lists/algorithm-list.js";
import { formatFingerprint, type HostNames, isKnownAs, type KnownHost, readKeyType } from "./known-hosts.js";

/** A host key that was seen for the first time and recorded. */
export interface LearnedHostKey {
  /** The endpoint's name. */
  readonly hop: string;
  readonly fingerprint: string;
  /** The file it was recorded in. */
  readonly file: string;
}

/** Which host keys are trusted: one fingerprint, or known_hosts files and, when nobody knows the host, the first key seen. */
export type HostKeyPolicy =
  | {
      /** `SHA256:…` */
      readonly pin: string;
    }
  | {
      /** OpenSSH known_hosts files; a missing one counts as empty. */
      readonly knownHosts: readonly string[];
      /** Records the key of a host that no file knows in `file`, which is read too. Without it, an unknown host is refused. */
      readonly learn?:
        | { readonly file: string; readonly onLearned?: ((key: LearnedHostKey) => void) | undefined }
        | undefined;
    };

/** What known_hosts lines say of a key. */
export type HostKeyVerdict =
  | { readonly verdict: "trusted" }
  | { readonly verdict: "unknown" }
  | { readonly verdict: "revoked"; readonly known: KnownHost }
  /** A host with other keys on record: none of them is this one. */
  | { readonly verdict: "changed"; readonly known: KnownHost; readonly knownFingerprint: string };

/** Decides on the key that a server showed. */
export function judgeHostKey(hosts: readonly KnownHost[], names: HostNames, key: Buffer): HostKeyVerdict {
  const encoded = key.toString("base64");
  const [own, portless] = linesOf(hosts, names);
  const isRevoked = (host: KnownHost) => host.marker === "@revoked" && host.key === encoded;
  const revoked = [...own, ...portless].find(isRevoked);
  if (revoked !== undefined) return { verdict: "revoked", known: revoked };
  const isOnRecord = (host: KnownHost) => host.key === encoded;
  const others = own.filter(isPlain);
  if (others.some(isOnRecord)) return { verdict: "trusted" };
  // OpenSSH takes a line without the port as proof, though never as a contradiction, where there is none with it.
  if (others.length === 0 && portless.filter(isPlain).some(isOnRecord)) return { verdict: "trusted" };
  const known = others.find((host) => host.type === readKeyType(key)) ?? others[0];
  if (known === undefined) return { verdict: "unknown" };
  return { verdict: "changed", known, knownFingerprint: formatFingerprint(Buffer.from(known.key, "base64")) };
}

function linesOf(hosts: readonly KnownHost[], { own, portless }: HostNames): readonly [KnownHost[], KnownHost[]] {
  const linesFor = (name: string | undefined) => hosts.filter((host) => name !== undefined && isKnownAs(host, name));
  return [linesFor(own), linesFor(portless)];
}

/** The lines that speak of a host. */
export function findLines(hosts: readonly KnownHost[], names: HostNames): readonly KnownHost[] {
  return linesOf(hosts, names).flat();
}

function isPlain({ marker }: KnownHost): boolean {
  return marker === undefined;
}

/** The lines that have authorities whose certificates the host's key may come with. */
export function findAuthorities(hosts: readonly KnownHost[], names: HostNames): readonly KnownHost[] {
  return [...new Set(linesOf(hosts, names).flat())].filter(({ marker }) => marker === "@cert-authority");
}

/**
 * What lines say of a certificate that a server shows in place of its key: one revokes its key or the authority that made it; else
 * one has its key, which is trusted whatever the certificate is worth. Certificates are not verified here.
 */
export function findCertified(
  hosts: readonly KnownHost[],
  names: HostNames,
  certificate: Buffer,
): { readonly revoked?: KnownHost | undefined; readonly trusted?: KnownHost | undefined } {
  const lines = linesOf(hosts, names)
    .flat()
    .filter(({ key }) => holdsKey(certificate, Buffer.from(key, "base64")));
  const revoked = lines.find(({ marker }) => marker === "@revoked");
  const isTrusted = (line: KnownHost) =>
    isPlain(line) && judgeHostKey(hosts, names, Buffer.from(line.key, "base64")).verdict === "trusted";
  return revoked === undefined ? { trusted: lines.find(isTrusted) } : { revoked };
}

/** A certificate has the fields of both keys as they are (PROTOCOL.certkeys of OpenSSH). */
function holdsKey(certificate: Buffer, key: Buffer): boolean {
  return certificate.includes(key.subarray(4 + key.readUInt32BE(0)));
}

/**
 * The authority of a host of which no key is on record: its key is trusted by a certificate alone, which ssh2 1.17 cannot ask
 * for.
 */
export function findSoleAuthority(hosts: readonly KnownHost[], names: HostNames): KnownHost | undefined {
  if (linesOf(hosts, names).flat().some(isPlain)) return undefined;
  return findAuthorities(hosts, names)[0];
}

const usualAlgorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

/** The algorithms for keys that both transports take; `ssh-rsa` signs with SHA-1, and is there for who asks for it. */
export const keyAlgorithms = { defaults: usualAlgorithms, supported: [...usualAlgorithms, "ssh-rsa"] } as const;

/** The algorithms that a key of this type, as SSH names it, can sign by. */
export function algorithmsOf(keyType: string): readonly string[] {
  return keyType === "ssh-rsa" ? keyAlgorithms.supported.filter((it) => keyTypeOf(it) === keyType) : [keyType];
}

/** The type of the keys that an algorithm is for. */
export function keyTypeOf(algorithm: string): string {
  return algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm;
}

/**
 * The order to ask a server for its keys in, so that one with several shows one that is on record: first the types of lines
 * with the port, which can contradict, then those of lines without it.
 *
 * @param list OpenSSH's `HostKeyAlgorithms`: no others are asked for
 */
export function orderHostKeyAlgorithms(hosts: readonly KnownHost[], names: HostNames, list?: string): string[] {
  const algorithms = list === undefined ? keyAlgorithms.defaults : applyAlgorithmList(list, keyAlgorithms);
  const ranked = linesOf(hosts, names).map((lines) => {
    const types = new Set(lines.filter(isPlain).map((host) => host.type));
    return algorithms.filter((algorithm) => types.has(keyTypeOf(algorithm)));
  });
  return [...new Set([...ranked.flat(), ...algorithms])];
}
