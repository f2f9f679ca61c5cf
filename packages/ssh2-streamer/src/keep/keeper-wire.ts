import type { Socket } from "node:net";
import { formatPacket } from "../openssh/channels.js";
import { MessageReader, WireError } from "../openssh/wire.js";
import type { Loss } from "../transport/transport.js";

/** Changes with what a keeper and its clients say to each other: those of another one do not find each other. */
export const keeperProtocol = 1;

/** RFC 4250, 4.1.2: 192 to 255 are for local extensions. */
const controlMessage = 192;

/** The first message of a client. */
export interface Hello {
  /** That of the keeper's record. */
  readonly token: string;
  readonly wants: "connection" | "state" | "end";
  readonly pid: number;
}

/** What a keeper is doing. */
export interface KeeperState {
  /** Of processes that use the connection. */
  readonly users: readonly number[];
  /** Since it was used last; 0 while it is used. */
  readonly idleMs: number;
  readonly isLoggedIn: boolean;
}

/** What keeper and client say to each other beside the messages of channels. */
export type Control =
  | { readonly hello: Hello }
  | { readonly state: KeeperState }
  /** Somebody logs in: the connection comes. */
  | { readonly isComing: true }
  | { readonly connection: { readonly sessionLimit: number | null; readonly connectMs: number } }
  | { readonly ping: number }
  | { readonly pong: number }
  | { readonly loss: Loss };

/** One side of a socket between a keeper and a client. */
export interface KeeperChannel {
  /** Gets what comes next. */
  user: KeeperChannelUser;
  readonly socket: Socket;
  readonly sendControl: (control: Control) => void;
  readonly sendMessage: (message: Buffer) => void;
}

export interface KeeperChannelUser {
  onControl(control: Control): void;
  onMessage(message: Buffer): void;
}

/** Speaks over a socket. What is not of the protocol ends it. */
export function speakKeeper(socket: Socket, firstUser: KeeperChannelUser): KeeperChannel {
  const packets = new MessageReader();
  const send = (message: Buffer) => {
    if (!socket.destroyed) socket.write(formatPacket(message));
  };
  const channel: KeeperChannel = {
    user: firstUser,
    socket,
    sendMessage: send,
    sendControl: (control) => send(Buffer.concat([Buffer.of(controlMessage), Buffer.from(JSON.stringify(control))])),
  };
  const take = (packet: Buffer) => {
    const message = packet.subarray(1);
    if (message[0] === controlMessage) channel.user.onControl(parseControl(message.toString("utf8", 1)));
    else channel.user.onMessage(message);
  };
  socket.on("data", (chunk: Buffer) => {
    try {
      packets.push(chunk, take);
    } catch (error) {
      if (!(error instanceof WireError || error instanceof SyntaxError)) throw error;
      socket.destroy(error);
    }
  });
  return channel;
}

/** Resolves when a socket is closed. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => (socket.closed ? resolve() : socket.once("close", () => resolve())));
}

/** What it says is checked by whoever takes it. @throws WireError, SyntaxError */
function parseControl(text: string): Control {
  const control: unknown = JSON.parse(text);
  if (typeof control !== "object" || control === null) throw new WireError("a control message is not an object");
  return control as Control;
}
