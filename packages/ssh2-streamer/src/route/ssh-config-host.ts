import { OttoError } from "@otto/errors";
import type { SshAlgorithms } from "./endpoint.js";

/** What an OpenSSH client configuration says of one machine on the way. Undefined: it leaves that open. */
export interface SshConfigHost {
  /** As the configuration calls it. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  /** Paths, in the order they are to be tried; relative ones start at the working directory. Empty: no file is to be used. */
  readonly identityFiles: readonly string[] | undefined;
  /** Whether of an agent's keys only those of `identityFiles` are to be offered. */
  readonly identitiesOnly: boolean;
  readonly certificateFiles: readonly string[];
  /** Path of the agent's socket; `false`: none is to be used. */
  readonly identityAgent: string | false | undefined;
  /** Of the first machine alone: those behind it are reached through it. With tokens. */
  readonly proxyCommand: string | undefined;
  readonly hostKeyAlias: string | undefined;
  readonly strictHostKeyChecking: StrictHostKeyChecking | undefined;
  readonly userKnownHostsFiles: readonly string[] | undefined;
  readonly globalKnownHostsFiles: readonly string[] | undefined;
  readonly algorithms: SshAlgorithms | undefined;
  readonly connectTimeoutMs: number | undefined;
  readonly serverAliveIntervalMs: number | undefined;
  readonly serverAliveCountMax: number | undefined;
  readonly compression: boolean;
  readonly gssapi: boolean;
  /** A library of PKCS #11. */
  readonly pkcs11Provider: string | undefined;
  /** Files of host keys that are to be refused. */
  readonly revokedHostKeys: readonly string[];
}

export type StrictHostKeyChecking = "yes" | "ask" | "accept-new" | "no";

/** The machine whose configuration it is. */
export interface LocalMachine {
  /** What `~` stands for. */
  readonly home: string;
  readonly username: string;
  readonly uid: number;
  readonly hostName: string;
  /** What `${VARIABLE}` stands for. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The values of one machine's options, by their names in lower case. */
export type ConfigOptions = ReadonlyMap<string, readonly string[]>;

/** The SSH configuration says something of `alias` that cannot be followed. */
export function configError(alias: string, what: string): OttoError {
  return new OttoError("SSH_CONFIG_INVALID", `reading the SSH configuration of ${alias}: ${what}`, {
    hint: "Change the configuration, or give the connection's details without it.",
    details: { alias },
  });
}
