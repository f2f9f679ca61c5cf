import type { Duplex, Readable, Writable } from "node:stream";
import type { OttoError } from "@otto/errors";
import type { ProcessExit, Terminal } from "../command/command.js";
import type { SshEndpoint } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import type { SshPromptHandler } from "../route/prompt.js";
import type { AgentSocket } from "./agent-socket.js";

/**
 * A way to speak SSH: it connects to an endpoint and logs in. Host keys, logins, keepalive and compression are as the
 * endpoint says.
 * @throws OttoError `SSH_CONNECT_FAILED`, `SSH_AUTH_FAILED`, `SSH_HOST_KEY_*`, `SSH_KNOWN_HOSTS_*`; what `dial` and the
 * endpoint's `authorize` throw
 */
export type Transport = (request: ConnectRequest) => Promise<Connection>;

/** Variables of the programs of this machine that a transport starts. */
export type ProgramEnvironment = Readonly<Record<string, string | undefined>>;

export interface ConnectRequest {
  readonly endpoint: SshEndpoint;
  /** Opens the stream that SSH is spoken over. @param username who logs in over it; default: of the first credential */
  readonly dial: (signal: AbortSignal, username?: string) => Promise<Duplex>;
  readonly signal: AbortSignal;
  /** How many hops carry the connection. When one of them falls silent, its own connection is to be lost first. */
  readonly depth: number;
  readonly onEvent: SshEventListener;
  readonly env: ProgramEnvironment;
  /** Asks a person; undefined: nobody can be asked. */
  readonly onPrompt?: SshPromptHandler | undefined;
}

/** Which connection of the route ended, and why. */
export interface Loss {
  /** The machine that the connection led to. */
  readonly hop: string;
  readonly cause: string;
}

/** One authenticated connection, which opens any number of channels. A silent one is lost after the endpoint's keepalive. */
export interface Connection {
  readonly endpoint: SshEndpoint;
  /** How long it took to connect. */
  readonly connectMs: number;
  readonly isOpen: boolean;
  /** Sessions that may be open at once, where that is known ahead; `Infinity`: the server's refusals tell. */
  readonly sessionLimit: number;
  /** Opens a session with a command in it. */
  openExec(request: ExecRequest): Promise<ExecChannel | OpenFailure>;
  /** Opens a stream to a Unix socket or a port of the machine, by forwarding. It fails with `lostError` on a loss. */
  openForward(target: ForwardTarget): Promise<AgentSocket | OpenFailure>;
  /**
   * Hands the channels to the caller, before any was opened: `receive` gets each message of the server about a channel (RFC 4254),
   * and what is returned sends one.
   */
  relay(receive: (message: Buffer) => void): Promise<(message: Buffer) => void>;
  /** Calls `listener` once, when the connection is lost or closed; at once when it is. Returns an undo. */
  onLost(listener: (loss: Loss) => void): () => void;
  /** The error of what was under way, for a connection that is lost. */
  lostError(inFlight: string): OttoError;
  /** Ends it with all that is under way, and waits until it is closed. */
  close(cause: string): Promise<void>;
}

export interface ExecRequest {
  /** The command line; undefined: the login shell. */
  readonly line: string | undefined;
  /** What runs, for messages. */
  readonly label: string;
  readonly terminal?: Terminal | undefined;
  /** What becomes of each chunk before it can be read. */
  readonly filters?: { readonly stdout: ChunkFilter; readonly stderr: ChunkFilter } | undefined;
}

export interface ChunkFilter {
  push(chunk: Buffer): Buffer;
  /** What is still held at the end of the stream. */
  flush(): Buffer;
}

/** A session of the server, and the command in it. */
export interface ExecChannel {
  /** Fails with EPIPE once the channel is closed. */
  readonly stdin: Writable;
  /** Breaks with the error of a lost connection, unless all of it is here. Destroyed, it lets the rest go by. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How the command ended, as far as the server told; it may come before the last output. Rejects on a loss. */
  readonly exit: Promise<ProcessExit>;
  /** Resolves when the channel is closed, after all output and `exit`. Rejects on a loss. */
  readonly closed: Promise<void>;
  /** Whether the server has ended its side: every byte it had to send is here. */
  readonly hasServerEnded: boolean;
  /** Sends a signal, which the server may ignore. Nothing on a lost connection. */
  signal(name: string): void;
  /** Tells the terminal's new size. */
  resize(columns: number, rows: number): void;
  /** Closes the channel: the command reads the end of its stdin, and cannot write any more. */
  close(): void;
}

/** What a forwarded stream leads to. */
export type ForwardTarget = { readonly socketPath: string } | { readonly host: string; readonly port: number };

/** Why a channel was not opened. */
export type OpenFailure = {
  readonly error: Error;
} /** The server said no to the channel, with the reason code of RFC 4254, 5.1. */ & (
  | { readonly why: "refused"; readonly reason: number }
  /** The session was opened, and the server said no to the command: it was not started. */
  | { readonly why: "not-started" }
  /** The server closed the session without a word on the command, which may have run. */
  | { readonly why: "cut-off" }
  /** The connection ended before the channel was open: nothing was asked of the server. */
  | { readonly why: "unsent" }
);

/** A target, for messages. */
export function describeTarget(target: ForwardTarget): string {
  return "socketPath" in target ? `the socket ${target.socketPath}` : `${target.host}:${target.port}`;
}
