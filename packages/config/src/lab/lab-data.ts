import type { Secret } from "@otto/errors";

/** A named set of hosts, as declared. */
export interface LabData {
  /** `a`, or `a+b` where labs were merged, or `local`. */
  readonly name: string;
  readonly hosts: readonly HostData[];
  /** The declared links, as they stand in the files. */
  readonly links: readonly Readonly<Record<string, unknown>>[];
  /** What was accepted and has no meaning here, one sentence each; for a debug log. */
  readonly notes: readonly string[];
  /** Likely mistakes in the lab files, one sentence each, for whoever runs the program. Absent: none. */
  readonly warnings?: readonly string[];
}

/** One host of a lab file. */
export interface HostData {
  /** `slug(element)` + `element_id` + (`_` + `slug(board)` + `slot` when a board is set). */
  readonly id: string;
  /** `<slug><n>`, n from 1 by ascending `element_id`, where the element repeats in the lab; else the id. */
  readonly handle: string;
  readonly element: string;
  readonly elementId?: number;
  readonly board?: string;
  readonly slot?: number;
  readonly name?: string;
  /** Address or DNS name; empty for `local`. */
  readonly ip: string;
  /** The login to use; absent: the first of `creds`. */
  readonly user?: string;
  readonly creds: readonly Credential[];
  readonly labs: readonly string[];
  /** Id of the host through which this one is reached; that host is in the same lab. */
  readonly hop?: string;
  readonly resources: readonly string[];
  /** What it is used for, as `db`: stacks with that `role` belong on it. */
  readonly roles: readonly string[];
  readonly dockerCapable: boolean;
  readonly ssh: SshOptions;
  readonly docker: HostDocker;
  /** Absolute path of the file that declares it, or of the settings that name the command which does; absent for `local`. */
  readonly source?: string;
  /** Absolute path of where its commands run and its relative paths start; absent for `local`. */
  readonly directory?: string;
  /** Absent: its file is the user's own, or it is `local`. */
  readonly origin?: LabOrigin;
  /** Whether this is the machine the program runs on: no SSH. */
  readonly isLocal: boolean;
}

/**
 * A lab file that its user may not have written: one in a repo or its clone, or of another user. Of hosts that a command prints, the
 * settings that name the command.
 */
export interface LabOrigin {
  /** Absolute path without links. */
  readonly file: string;
  /** 64 hex digits: of its bytes, or of the commands for labs in it, and of the files in the clone that these name. */
  readonly digest: string;
}

export interface Credential {
  readonly login: string;
  readonly password?: Secret;
  /** Prints the password. As {@link SshOptions.passwordCommand}. */
  readonly passwordCommand?: readonly string[];
}

/** `ssh_options` of a host. Paths are absolute. */
export interface SshOptions {
  /** 22 when absent in the file. */
  readonly port: number;
  /** Whether the file names the port, which then goes before that of the user's SSH configuration. */
  readonly isPortGiven?: boolean;
  readonly clientKeys: readonly string[];
  /** `true`: the agent of the environment; `false`: none; a string: the agent's socket; absent: the agent where there is one. */
  readonly agent?: boolean | string;
  /** Environment variable that holds the login's password. */
  readonly passwordEnv?: string;
  /** Environment variable that holds the passphrase of the client keys. */
  readonly passphraseEnv?: string;
  /** argv of a command that prints the login's password; it runs here, in the directory of the lab file. */
  readonly passwordCommand?: readonly string[];
  /** The same for the passphrase of the client keys. */
  readonly passphraseCommand?: readonly string[];
  /** Absent: the user's own file. */
  readonly knownHosts?: readonly string[];
  /** The pinned fingerprint, `SHA256:…`. */
  readonly hostKey?: string;
  /** 20,000 when absent in the file. */
  readonly connectTimeoutMs: number;
  /** 15,000 when absent in the file; 0 switches keepalives off. */
  readonly keepaliveIntervalMs: number;
  /** At least 2; 3 when absent in the file. */
  readonly keepaliveCountMax: number;
  readonly compress: boolean;
  /** Whether `~/.ssh/config` fills what the lab leaves open. */
  readonly useSshConfig: boolean;
  /** A command of this machine whose stdin and stdout lead to the host's sshd, with the tokens of OpenSSH's `ProxyCommand`. */
  readonly proxyCommand?: string;
  /** `openssh`: the system's `ssh`. `auto`: `ssh2` where that can do what the host asks for. Absent: `auto`. */
  readonly transport?: "auto" | "ssh2" | "openssh";
  /** How long an idle connection outlives the command, for the next one. Absent: it ends with the command. */
  readonly persistMs?: number;
}

/** `docker` of a host. */
export interface HostDocker {
  /** Path of the engine's socket on the host; absent: the usual one. */
  readonly socket?: string;
  /** The docker client's argv, `["docker"]` when absent in the file. */
  readonly command: readonly string[];
  /** Directory on the host for staged files; absent: the login's cache directory. */
  readonly stagingRoot?: string;
}
