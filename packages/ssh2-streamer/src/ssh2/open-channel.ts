import type { ClientChannel } from "ssh2";
import type { Terminal } from "../command/command.js";
import { ChannelSocket } from "./channel-socket.js";
import type { Connection } from "./connection.js";
import { classifyOpenFailure, type OpenFailure } from "./open-failure.js";

/** What a forwarded stream leads to. */
export type ForwardTarget = { readonly socketPath: string } | { readonly host: string; readonly port: number };

type Done = (error: Error | undefined, channel: ClientChannel) => void;

/**
 * Opens a session channel with a command (`line` undefined: the login shell) in it, and calls `use` in ssh2's own
 * callback: what a channel says after that is lost on who listens later.
 */
export function openSession<T>(
  { client }: Connection,
  { line, terminal }: { readonly line: string | undefined; readonly terminal?: Terminal | undefined },
  use: (channel: ClientChannel) => T,
): Promise<T | (OpenFailure & { readonly error: Error })> {
  const pty =
    terminal === undefined
      ? undefined
      : { cols: terminal.columns, rows: terminal.rows, term: terminal.term ?? "xterm-256color", width: 0, height: 0 };
  return open(use, (done) => {
    if (line === undefined) client.shell(pty ?? false, done);
    else client.exec(line, pty === undefined ? {} : { pty }, done);
  });
}

/** Opens a stream to a socket or port of the machine, which ends with the connection. */
export function openForward(
  connection: Connection,
  target: ForwardTarget,
): Promise<ChannelSocket | (OpenFailure & { readonly error: Error })> {
  return open(
    (channel) => createSocket(channel, connection, target),
    (done) => {
      if ("socketPath" in target) connection.client.openssh_forwardOutStreamLocal(target.socketPath, done);
      else connection.client.forwardOut("127.0.0.1", 0, target.host, target.port, done);
    },
  );
}

/** A target, for messages. */
export function describeTarget(target: ForwardTarget): string {
  return "socketPath" in target ? `the socket ${target.socketPath}` : `${target.host}:${target.port}`;
}

function open<T>(use: (channel: ClientChannel) => T, request: (done: Done) => void) {
  return new Promise<T | (OpenFailure & { readonly error: Error })>((resolve) => {
    const fail = (error: Error) => resolve({ ...classifyOpenFailure(error), error });
    try {
      request((error, channel) => (error === undefined ? resolve(use(channel)) : fail(error)));
    } catch (error) {
      // On a connection that is gone ssh2 throws instead of calling back.
      fail(error as Error);
    }
  });
}

function createSocket(channel: ClientChannel, connection: Connection, target: ForwardTarget): ChannelSocket {
  const socket = new ChannelSocket(channel);
  // Between a dial and its use nobody listens yet.
  socket.on("error", () => {});
  const forget = connection.onLost(() => socket.fail(connection.lostError(`a stream to ${describeTarget(target)}`)));
  socket.once("close", forget);
  return socket;
}
