import type { ProxyOptions } from "./proxy-link.js";

/** How a host lets its user in. `password` and `keyboard-interactive` need root: the lab makes a user for them. */
export type Authentication = "publickey" | "password" | "keyboard-interactive";

export type KeyType = "ed25519" | "ecdsa" | "rsa";

/** One sshd. Defaults are those of the lab's kind (`OTTO_LAB_KIND`), else sshd's own. */
export interface HostOptions {
  /** Name of the host that a client goes through to reach this one. */
  readonly hop?: string;
  /** How the user gets in. Default `["publickey"]`. */
  readonly authentication?: readonly Authentication[];
  /** Exec, shell and sftp channels on one connection. */
  readonly maxSessions?: number;
  /** Connections that have not authenticated yet, as sshd spells it: `2:100:2`. */
  readonly maxStartups?: string;
  /** Default true. */
  readonly allowTcpForwarding?: boolean;
  /** Default true. */
  readonly allowStreamLocalForwarding?: boolean;
  /** Types of the host's own keys. Default `["ed25519"]`. */
  readonly hostKeyTypes?: readonly KeyType[];
  /** Puts a proxy that can delay, cut, swallow, limit and count before the host. Default: none. */
  readonly proxy?: ProxyOptions;
  /** Whether clients may use it as a parent. Default: true for a host that no other one has as its hop. */
  readonly dockerCapable?: boolean;
  /** Further lines for its sshd_config. */
  readonly sshdConfig?: readonly string[];
  /** Default `VERBOSE`. With `DEBUG2` its log has what was negotiated. */
  readonly logLevel?: "VERBOSE" | "DEBUG2";
  /**
   * What serves SSH. Default `openssh`, which also serves a host with options that Dropbear lacks: `authentication`,
   * `max…`, `allow…`, `hostKeyTypes`, `sshdConfig`, `logLevel`, `environment`.
   */
  readonly server?: SshServer;
  /** What its sessions have in their environment. Default: nothing more than sshd gives. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `docker` of the host in a lab.json. Default: none. */
  readonly docker?: HostDocker;
}

export type SshServer = "openssh" | "dropbear";

/** What a test asks for that counts on OpenSSH as it is installed, whatever the lab's kind. */
export const usualServer = {
  server: "openssh",
  maxSessions: 10,
  allowTcpForwarding: true,
  allowStreamLocalForwarding: true,
} as const satisfies HostOptions;

/** How clients reach the engine of a host. */
export interface HostDocker {
  readonly command?: readonly string[];
  readonly socket?: string;
}

export type EngineAccess = "group" | "sudo";

export interface LabOptions<Name extends string = string> {
  /** By host name; `[a-z0-9-]`, so that the name is the host's id too. */
  readonly hosts: Readonly<Record<Name, HostOptions>>;
  /**
   * How the user that the lab makes gets at the engine: by its group, or by `sudo -n docker` alone. Default: that of the
   * lab's kind, else `group`.
   */
  readonly engineAccess?: EngineAccess;
}
