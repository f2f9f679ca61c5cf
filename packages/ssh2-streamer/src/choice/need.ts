import type { SshEndpoint } from "../route/endpoint.js";
import { findForeignList, type Ssh2Algorithms } from "../ssh2/algorithms.js";

/** What is at hand for the logins of an endpoint. */
export interface LoginMeans {
  readonly keys: readonly KeyMeans[];
  /** An authority by whose certificate the host is known: `file:line`, and whether it is known by nothing else. */
  readonly hostAuthority: { readonly where: string; readonly isSole: boolean } | undefined;
  /** The types of the keys of the agents, as SSH names them; certificates are types of their own. */
  readonly agentKeyTypes: readonly string[];
  /** Read for an endpoint with lists of algorithms. */
  readonly ssh2Algorithms?: Ssh2Algorithms | undefined;
}

export interface KeyMeans {
  /** The path, or "a key" for one at hand. */
  readonly name: string;
  /** A file of a certificate that OpenSSH would use with it. */
  readonly certificate: string | undefined;
  readonly form: "plain" | "security key" | "unreadable by ssh2";
}

/** What an endpoint asks for and ssh2 does not do. */
export interface Need {
  /** As in "it is needed for …". */
  readonly cause: string;
  /** Whether ssh2 may get in nevertheless, by what else is at hand. */
  readonly isCertain: boolean;
}

/** The first thing of an endpoint that is beyond ssh2; undefined: as far as can be known ahead, ssh2 will do. */
export function findNeed(endpoint: SshEndpoint, means: LoginMeans): Need | undefined {
  const { gssapi = false, algorithms = {}, credentials, pkcs11Provider, revokedHostKeys = [] } = endpoint;
  if (revokedHostKeys.length > 0) return { cause: `RevokedHostKeys ${revokedHostKeys.join(" ")}`, isCertain: true };
  if (means.hostAuthority !== undefined) {
    const { where, isSole } = means.hostAuthority;
    return { cause: `the host's certificate (of the authority of ${where})`, isCertain: isSole };
  }
  const [certificate] = credentials.flatMap(({ certificates = [] }) => certificates);
  if (certificate !== undefined) return { cause: `the certificate ${certificate}`, isCertain: false };
  const certified = means.keys.find((key) => key.certificate !== undefined);
  if (certified !== undefined) return { cause: `the certificate ${certified.certificate}`, isCertain: false };
  const foreign = means.ssh2Algorithms && findForeignList(algorithms, means.ssh2Algorithms);
  if (foreign !== undefined) return { cause: foreign.text, isCertain: foreign.kind !== "publicKeys" };
  if (pkcs11Provider !== undefined) return { cause: `the PKCS #11 provider ${pkcs11Provider}`, isCertain: false };
  if (gssapi) return { cause: "GSSAPI", isCertain: false };
  return findNeedOfKeys(means);
}

// Any of them may be the one that the server takes, and a failed login by ssh2 would be one that the server counts.
function findNeedOfKeys({ keys, agentKeyTypes }: LoginMeans): Need | undefined {
  const type = agentKeyTypes.find(isCertificate) ?? agentKeyTypes.find(isSecurityKey);
  if (type !== undefined) {
    const what = isCertificate(type) ? "the certificate" : "the security key";
    return { cause: `${what} in the agent (${type})`, isCertain: false };
  }
  const odd = keys.find(({ form }) => form !== "plain");
  if (odd === undefined) return undefined;
  const what = odd.form === "security key" ? "the security key" : "the form of the key";
  return { cause: `${what} ${odd.name}`, isCertain: false };
}

function isCertificate(type: string): boolean {
  return type.includes("-cert-v01@");
}

export function isSecurityKey(type: string): boolean {
  return type.startsWith("sk-");
}
