import type { LearnedHostKey } from "../host-keys/host-key.js";

/** What a session did and why; for progress and debug logs. */
export type SshEvent =
  | { readonly type: "ssh.connected"; readonly hop: string; readonly durationMs: number; readonly address: string }
  /** By what the machine is reached, and why; again when that changes. */
  | {
      readonly type: "ssh.transport";
      readonly hop: string;
      readonly transport: "ssh2" | "openssh";
      readonly cause: string;
    }
  /** The server proved to have a key that is trusted; the login comes next. */
  | { readonly type: "ssh.host-key-trusted"; readonly hop: string }
  | { readonly type: "ssh.host-key-learned"; readonly key: LearnedHostKey }
  | {
      readonly type: "ssh.connection-lost";
      /** The connection of the way that broke. */
      readonly hop: string;
      /** The machine whose connection it took along. */
      readonly target: string;
      readonly cause: string;
    }
  /** The connection of an earlier session was taken up, which was kept. */
  | { readonly type: "ssh.kept-connection-used"; readonly hop: string }
  /** The connection that was opened ends with the session, although it was to be kept. */
  | { readonly type: "ssh.connection-not-kept"; readonly hop: string; readonly cause: string }
  | { readonly type: "ssh.connect-retried"; readonly hop: string; readonly attempt: number; readonly cause: string }
  | { readonly type: "ssh.session-limit"; readonly hop: string; readonly limit: number }
  | {
      readonly type: "ssh.connection-added";
      readonly hop: string;
      readonly connections: number;
      readonly cause: string;
    }
  | {
      /** Told once: processes that last hold all sessions there are, and others wait until one of them ends. */
      readonly type: "ssh.sessions-exhausted";
      readonly hop: string;
      /** Sessions on each connection. */
      readonly limit: number;
      readonly connections: number;
      readonly waiting: number;
    }
  | {
      /** A command was started, or a stream to a socket or port opened: a round trip to the server. */
      readonly type: "ssh.opened";
      readonly hop: string;
      readonly what: "command" | "socket" | "port";
      /** For a connection, and a free session on it. */
      readonly waitedMs: number;
      /** From the request to the server's answer. */
      readonly durationMs: number;
    }
  | {
      /**
       * A TCP connection of this process to the first machine of a route was closed: all bytes that it carried, of what lies
       * behind that machine, too. Not of one that a program carries: OpenSSH's client, a proxy command.
       */
      readonly type: "ssh.traffic";
      readonly hop: string;
      readonly sentBytes: number;
      readonly receivedBytes: number;
    }
  | { readonly type: "ssh.forwarding-replaced"; readonly hop: string; readonly by: string; readonly cause: string };

export type SshEventListener = (event: SshEvent) => void;
