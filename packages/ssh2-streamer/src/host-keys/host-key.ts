import { formatFingerprint, formatHostName, isKnownAs, type KnownHost, readKeyType } from "./known-hosts.js";

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
export function judgeHostKey(
  hosts: readonly KnownHost[],
  at: { host: string; port: number },
  key: Buffer,
): HostKeyVerdict {
  const encoded = key.toString("base64");
  const named = hosts.filter((host) => isKnownAs(host, formatHostName(at.host, at.port)));
  // OpenSSH also takes a line without the port as proof, though never as a contradiction.
  const portless = hosts.filter((host) => isKnownAs(host, formatHostName(at.host, 22)));
  const same = [...named, ...portless].filter((host) => host.key === encoded);
  const revoked = same.find((host) => host.marker === "@revoked");
  if (revoked !== undefined) return { verdict: "revoked", known: revoked };
  if (same.some((host) => host.marker === undefined)) return { verdict: "trusted" };
  const others = named.filter((host) => host.marker === undefined);
  const known = others.find((host) => host.type === readKeyType(key)) ?? others[0];
  if (known === undefined) return { verdict: "unknown" };
  return { verdict: "changed", known, knownFingerprint: formatFingerprint(Buffer.from(known.key, "base64")) };
}

const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

export type HostKeyAlgorithm = (typeof algorithms)[number];

/** The type of the keys that an algorithm is for. */
export function keyTypeOf(algorithm: HostKeyAlgorithm): string {
  return algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm;
}

/**
 * The order to ask a server for its keys in, so that one with several shows one that is on record: first the types of lines
 * with the port, which can contradict, then those of lines without it.
 */
export function orderHostKeyAlgorithms(
  hosts: readonly KnownHost[],
  at: { host: string; port: number },
): HostKeyAlgorithm[] {
  const ranked = [formatHostName(at.host, at.port), formatHostName(at.host, 22)].map((name) => {
    const known = hosts.filter((host) => host.marker === undefined && isKnownAs(host, name));
    const types = new Set(known.map((host) => host.type));
    return algorithms.filter((algorithm) => types.has(keyTypeOf(algorithm)));
  });
  return [...new Set([...ranked.flat(), ...algorithms])];
}
