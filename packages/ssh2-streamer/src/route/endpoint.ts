import type { Secret } from "@otto/errors";
import type { HostKeyPolicy } from "../host-keys/host-key.js";
import type { ReadSecret } from "./prompt.js";

/** A private key, in a file or at hand. OpenSSH, PEM and PPK formats. */
export type PrivateKey = ({ readonly path: string } | { readonly content: Secret }) & {
  /** Default: a person is asked, where there is one. */
  readonly passphrase?: Secret | ReadSecret | undefined;
};

/** One login and the ways to prove it, tried in the order keys, agent, password, keyboard-interactive. */
export interface SshCredential {
  readonly username: string;
  /** Path of an ssh-agent's socket. */
  readonly agent?: string | undefined;
  /**
   * Whether of the agent's keys only those of `privateKeys` are offered, whose public halves are in these files or in `.pub` files
   * beside them. Default false.
   */
  readonly identitiesOnly?: boolean | undefined;
  readonly privateKeys?: readonly PrivateKey[] | undefined;
  /** Files of OpenSSH certificates, for the keys that they certify. */
  readonly certificates?: readonly string[] | undefined;
  /**
   * Also answers the first hidden question of keyboard-interactive that asks for it. Default: a person is asked, where there
   * is one.
   */
  readonly password?: Secret | ReadSecret | undefined;
}

/**
 * OpenSSH's lists of algorithms as its configuration has them: names with commas between, perhaps after `+`, `-` or `^`, which change
 * the transport's own list. A transport asks for nothing that a list does not have. Host keys are asked for in the order of what is
 * on record.
 */
export interface SshAlgorithms {
  readonly kex?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly macs?: string | undefined;
  /** `HostKeyAlgorithms` */
  readonly hostKeys?: string | undefined;
  /** `PubkeyAcceptedAlgorithms` */
  readonly publicKeys?: string | undefined;
}

/** One server on the way. */
export interface SshEndpoint {
  /** How messages call it: the host's id in the lab. */
  readonly name: string;
  /** Address or name as the machine before it on the route resolves it. */
  readonly host: string;
  /** Default 22. */
  readonly port?: number | undefined;
  /** Tried in order until one is let in; a new login name costs a new connection. */
  readonly credentials: readonly [SshCredential, ...SshCredential[]];
  readonly hostKey: HostKeyPolicy;
  /** From the first byte to the end of authentication. Default 20,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** A silent link is probed this often. 0: never. Default 15,000. */
  readonly keepaliveIntervalMs?: number | undefined;
  /** The link is lost after this many intervals without a byte. At least 2, default 3. */
  readonly keepaliveCountMax?: number | undefined;
  /** Called before each connection, and before those to the hops on the way; what it throws is the connection's error. */
  readonly authorize?: (() => void) | undefined;
  /** Compresses the link to this endpoint, for slow ones. Default false. */
  readonly compress?: boolean | undefined;
  /** What the user's SSH configuration knows the machine by: OpenSSH's `%n`. Default: `host`. */
  readonly alias?: string | undefined;
  /** A command whose stdin and stdout are the stream to the server, with OpenSSH's tokens in it. */
  readonly proxyCommand?: string | undefined;
  /** The name that known_hosts files have the server by. Default: `host` and its port. */
  readonly hostKeyAlias?: string | undefined;
  readonly algorithms?: SshAlgorithms | undefined;
  /** `openssh`: the system's `ssh`. `auto`: `ssh2` where that can do what the endpoint asks for. Default `auto`. */
  readonly transport?: "auto" | "ssh2" | "openssh" | undefined;
  /** Whether to log in by GSSAPI (Kerberos). Default false. */
  readonly gssapi?: boolean | undefined;
  /** A library of PKCS #11, whose tokens (smart cards) hold keys. */
  readonly pkcs11Provider?: string | undefined;
  /** Files of host keys that are refused, as OpenSSH's `RevokedHostKeys`: lists of public keys, or key revocation lists (KRL). */
  readonly revokedHostKeys?: readonly string[] | undefined;
  /**
   * How long an idle connection outlives the session, for the next one to the same machine, where the session says where connections
   * are kept. Default: not at all.
   */
  readonly persistMs?: number | undefined;
  /** Absolute path of the OpenSSH client configuration that the endpoint comes from. */
  readonly configFile?: string | undefined;
}

/** From the first hop to the target, which is last. */
export type SshRoute = readonly [SshEndpoint, ...SshEndpoint[]];
