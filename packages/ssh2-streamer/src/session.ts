import type { Duplex, Readable } from "node:stream";
import type { CommandResult, ExecOptions, RemoteProcess, SpawnOptions } from "./command.js";
import type { SshRoute } from "./endpoint.js";
import type { SshEventListener } from "./event.js";

export interface SshSessionOptions {
  /** Closes the session when it fires. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: SshEventListener | undefined;
}

export interface SendTreeOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface DialEngineOptions {
  /** Default `/var/run/docker.sock`. */
  readonly socketPath?: string | undefined;
  /** Used with `system dial-stdio` when the socket cannot be forwarded. Default `["docker"]`. */
  readonly dockerCommand?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One login on one machine, however many connections that takes. Every call may be made concurrently. */
export interface SshSession extends AsyncDisposable {
  /** The target's name. */
  readonly name: string;
  /** Connects now rather than at the first call. */
  connect(signal?: AbortSignal): Promise<void>;
  /** Runs a command and keeps its output. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult>;
  /** Starts a command. The caller ends it, or reads it to its end. */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<RemoteProcess>;
  /** Starts the login shell. */
  shell(options?: SpawnOptions): Promise<RemoteProcess>;
  /** Opens a stream to a Unix socket of the target. The caller destroys it. */
  dialSocket(socketPath: string, signal?: AbortSignal): Promise<Duplex>;
  /** Opens a stream to a TCP port as the target sees it. The caller destroys it. */
  dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /** Opens a stream to the target's engine, by socket or by `docker system dial-stdio`. The caller destroys it. */
  dialEngine(options?: DialEngineOptions): Promise<Duplex>;
  /** Unpacks a tar stream into a directory of the target, which is made when it is missing. */
  sendTree(tar: Readable, remoteDir: string, options?: SendTreeOptions): Promise<void>;
  /** Ends every channel and connection. Calls under way fail with `SSH_SESSION_CLOSED`. */
  close(): Promise<void>;
}

/**
 * Makes a session to the last endpoint of `route`, through the others. It connects at the first call; the caller closes it.
 */
export declare function openSshSession(route: SshRoute, options?: SshSessionOptions): SshSession;
