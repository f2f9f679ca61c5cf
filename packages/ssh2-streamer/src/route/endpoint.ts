import type { Secret } from "@otto/errors";
import type { HostKeyPolicy } from "../host-keys/host-key.js";

/** A private key, in a file or at hand. OpenSSH, PEM and PPK formats. */
export type PrivateKey = ({ readonly path: string } | { readonly content: Secret }) & {
  readonly passphrase?: Secret | undefined;
};

/** One login and the ways to prove it, tried in the order keys, agent, password, keyboard-interactive. */
export interface SshCredential {
  readonly username: string;
  /** Path of an ssh-agent's socket. */
  readonly agent?: string | undefined;
  readonly privateKeys?: readonly PrivateKey[] | undefined;
  /** Also answers a keyboard-interactive server's one hidden prompt. */
  readonly password?: Secret | undefined;
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
}

/** From the first hop to the target, which is last. */
export type SshRoute = readonly [SshEndpoint, ...SshEndpoint[]];
