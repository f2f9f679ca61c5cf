import { OttoError } from "@otto/errors";
import {
  findAuthorities,
  findCertified,
  findSoleAuthority,
  type HostKeyPolicy,
  type HostKeyVerdict,
  judgeHostKey,
  keyTypeOf,
  type LearnedHostKey,
  orderHostKeyAlgorithms,
} from "../host-keys/host-key.js";
import { formatFingerprint, hostNamesOf, type KnownHost, readKeyType } from "../host-keys/known-hosts.js";
import { addKnownHost, readKnownHosts } from "../host-keys/known-hosts-file.js";
import type { SshEndpoint } from "../route/endpoint.js";

/** The judge of one endpoint's host key during one handshake. */
export interface HostKeyCheck {
  /** Those to ask for, in their order; none: all that the endpoint's list has are for other kinds of keys, or for certificates. */
  readonly algorithms: readonly string[];
  /** The lines of authorities whose certificates the key may come with. */
  readonly authorities: readonly KnownHost[];
  /** The authority of a host that is known by it alone. */
  readonly soleAuthority: KnownHost | undefined;
  /** Resolves when the key is trusted; records it when it is the first one seen. */
  verify(key: Buffer): Promise<void>;
  /**
   * The line that has the key of a certificate; undefined: the certificate alone says whether it is trusted, and is not verified
   * here. Throws for one whose key or authority is revoked.
   */
  findCertified(certificate: Buffer): KnownHost | undefined;
  /** The type of a key that is not the pinned one: the server may have the pinned one of another type. */
  readonly mismatchedType: string | undefined;
}

/**
 * Reads what is known of an endpoint before its handshake.
 *
 * @param avoidedTypes key types not to ask for, after they did not match a pin
 */
export async function openHostKeyCheck(
  endpoint: SshEndpoint,
  onLearned: (key: LearnedHostKey) => void,
  avoidedTypes: readonly string[] = [],
): Promise<HostKeyCheck> {
  const policy = endpoint.hostKey;
  return "pin" in policy ? checkPin(endpoint, policy.pin, avoidedTypes) : checkFiles(endpoint, policy, onLearned);
}

function checkPin(endpoint: SshEndpoint, pin: string, avoidedTypes: readonly string[]): HostKeyCheck {
  const isWanted = (algorithm: string) => !avoidedTypes.includes(keyTypeOf(algorithm));
  let mismatchedType: string | undefined;
  return {
    algorithms: orderHostKeyAlgorithms([], hostNamesOf(endpoint), endpoint.algorithms?.hostKeys).filter(isWanted),
    authorities: [],
    soleAuthority: undefined,
    verify: async (key) => {
      if (formatFingerprint(key) !== pin) mismatchedType = readKeyType(key);
      assertPinned(endpoint, pin, key);
    },
    findCertified: () => undefined,
    get mismatchedType() {
      return mismatchedType;
    },
  };
}

async function checkFiles(
  endpoint: SshEndpoint,
  { knownHosts, learn }: Exclude<HostKeyPolicy, { readonly pin: string }>,
  onLearned: (key: LearnedHostKey) => void,
): Promise<HostKeyCheck> {
  const names = hostNamesOf(endpoint);
  const files = [...knownHosts, ...(learn === undefined ? [] : [learn.file])];
  const hosts = (await Promise.all(files.map(readKnownHosts))).flat();
  return {
    algorithms: orderHostKeyAlgorithms(hosts, names, endpoint.algorithms?.hostKeys),
    authorities: findAuthorities(hosts, names),
    soleAuthority: findSoleAuthority(hosts, names),
    mismatchedType: undefined,
    verify: async (key) => {
      const verdict = judgeHostKey(hosts, names, key);
      assertTrusted(endpoint, verdict, key, learn !== undefined);
      if (verdict.verdict === "trusted" || learn === undefined) return;
      await addKnownHost(learn.file, names.own, key);
      const learned = { hop: endpoint.name, fingerprint: formatFingerprint(key), file: learn.file };
      learn.onLearned?.(learned);
      onLearned(learned);
    },
    findCertified: (certificate) => {
      const { revoked, trusted } = findCertified(hosts, names, certificate);
      if (revoked === undefined) return trusted;
      throw revokedError(endpoint, revoked, Buffer.from(revoked.key, "base64"));
    },
  };
}

function assertPinned(endpoint: SshEndpoint, pin: string, key: Buffer): void {
  const seen = formatFingerprint(key);
  if (seen === pin) return;
  throw new OttoError("SSH_HOST_KEY_CHANGED", `${at(endpoint)}: its host key is ${seen}, pinned is ${pin}`, {
    hint: "Ask the machine's owner which one is right; do not connect before you know.",
    details: { hop: endpoint.name, seen, known: pin },
  });
}

function assertTrusted(endpoint: SshEndpoint, verdict: HostKeyVerdict, key: Buffer, mayLearn: boolean): void {
  const seen = formatFingerprint(key);
  if (verdict.verdict === "trusted") return;
  if (verdict.verdict === "unknown") {
    if (mayLearn) return;
    throw new OttoError("SSH_HOST_KEY_UNKNOWN", `${at(endpoint)}: host key ${seen} is not in any known_hosts file`, {
      hint: "Compare it with the machine's own (ssh-keygen -lf) and add it to a known_hosts file, or pin it.",
      details: { hop: endpoint.name, seen },
    });
  }
  if (verdict.verdict === "revoked") throw revokedError(endpoint, verdict.known, key);
  const { file, line } = verdict.known;
  const where = `${file}:${line}`;
  const known = verdict.knownFingerprint;
  throw new OttoError("SSH_HOST_KEY_CHANGED", `${at(endpoint)}: its host key is ${seen}, ${where} has ${known}`, {
    hint: `If the machine was reinstalled, remove line ${line} of ${file}. Otherwise someone may be in between.`,
    details: { hop: endpoint.name, seen, known, file, line },
  });
}

const hintOfRevoked = "The key is marked as stolen or retired. Ask the machine's owner for the new one.";

function revokedError(endpoint: SshEndpoint, { file, line }: KnownHost, key: Buffer): OttoError {
  const seen = formatFingerprint(key);
  return new OttoError("SSH_HOST_KEY_REVOKED", `${at(endpoint)}: its host key ${seen} is revoked (${file}:${line})`, {
    hint: hintOfRevoked,
    details: { hop: endpoint.name, seen, file, line },
  });
}

/** The host showed a certificate that is not trusted, and its key is on record nowhere. @param why what is wrong with it */
/** What OpenSSH's `RevokedHostKeys` says against a host. @param why it cannot be read */
export function revokedByFileError(
  endpoint: SshEndpoint,
  { file, seen, why }: { readonly file: string; readonly seen: string; readonly why?: string },
): OttoError {
  const details = { hop: endpoint.name, seen, file };
  if (why !== undefined) {
    return new OttoError("SSH_KNOWN_HOSTS_UNREADABLE", `${at(endpoint)}: reading its RevokedHostKeys ${file}: ${why}`, {
      hint: "Make the file readable: without it, no host is trusted that has the option.",
      details,
    });
  }
  return new OttoError("SSH_HOST_KEY_REVOKED", `${at(endpoint)}: its host key ${seen} is revoked (${file})`, {
    hint: hintOfRevoked,
    details,
  });
}

export function certificateError(endpoint: SshEndpoint, why: string): OttoError {
  return new OttoError("SSH_HOST_KEY_UNKNOWN", `${at(endpoint)}: its certificate is not trusted: ${why}`, {
    hint: "Have the host's certificate renewed, or add its authority (@cert-authority) or its key to a known_hosts file.",
    details: { hop: endpoint.name },
  });
}

/** ssh2 cannot ask for the certificate by which alone the host is known, and reads no list of revoked keys. */
export function assertJudgedWithoutSsh(endpoint: SshEndpoint, { soleAuthority }: HostKeyCheck): void {
  const { revokedHostKeys = [] } = endpoint;
  if (revokedHostKeys.length > 0) {
    const files = revokedHostKeys.join(" ");
    throw new OttoError("SSH_HOST_KEY_UNKNOWN", `${at(endpoint)}: RevokedHostKeys ${files} is not read by ssh2`, {
      hint: "Leave ssh_options.transport at auto (or set openssh), or mark the keys @revoked in a known_hosts file.",
      details: { hop: endpoint.name },
    });
  }
  if (soleAuthority === undefined) return;
  const { file, line } = soleAuthority;
  const where = `${file}:${line}`;
  throw new OttoError(
    "SSH_HOST_KEY_UNKNOWN",
    `${at(endpoint)}: it is known by the certificate authority of ${where} alone, and ssh2 does not take certificates`,
    {
      hint: "Install OpenSSH's client and leave ssh_options.transport at auto (or set openssh), or add the host's key to a known_hosts file.",
      details: { hop: endpoint.name, file, line },
    },
  );
}

function at(endpoint: SshEndpoint): string {
  return `connecting to ${endpoint.name} (${endpoint.host}:${endpoint.port ?? 22})`;
}
