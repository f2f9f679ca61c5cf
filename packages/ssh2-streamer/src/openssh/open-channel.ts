import {
  type Connection,
  describeTarget,
  type ExecChannel,
  type ExecRequest,
  type ForwardTarget,
  type OpenFailure,
} from "../transport/transport.js";
import type { Channel, Channels } from "./channels.js";
import { createExecChannel } from "./exec-channel.js";
import { ForwardSocket } from "./forward-socket.js";
import { encodeFields } from "./wire.js";

/** Opens a session with a command in it, over a connection whose channels are ours. */
export async function openExecIn(
  channels: Channels,
  connection: Connection,
  request: ExecRequest,
): Promise<ExecChannel | OpenFailure> {
  const opened = await channels.open("session", Buffer.alloc(0), (channel) =>
    createExecChannel(channel, connection, request),
  );
  if ("why" in opened) return opened;
  const { channel, user } = opened;
  const isStarted = await startIn(channel, request);
  if (isStarted === true) return user.exec;
  channel.close();
  if (isStarted === undefined) return { why: "cut-off", error: new Error("the server closed the session") };
  return { why: "not-started", error: new Error("the server does not start it") };
}

/** Opens a stream to a Unix socket or a port of the machine. */
export async function openForwardIn(
  channels: Channels,
  connection: Connection,
  target: ForwardTarget,
): Promise<ForwardSocket | OpenFailure> {
  const [type, fields] = formatTarget(target);
  const opened = await channels.open(type, fields, (channel) => {
    const socket = new ForwardSocket(channel);
    // Between a dial and its use nobody listens yet.
    socket.on("error", () => {});
    const forget = connection.onLost(() => {
      socket.fail(connection.lostError(`a stream to ${describeTarget(target)}`));
    });
    socket.once("close", forget);
    return socket;
  });
  return "why" in opened ? opened : opened.user;
}

async function startIn(channel: Channel, { line, terminal }: ExecRequest): Promise<boolean | undefined> {
  if (terminal !== undefined) {
    const { term = "xterm-256color", columns, rows } = terminal;
    const size = [columns, rows, 0, 0].map((uint32) => ({ uint32 }));
    // No modes.
    const isGiven = await channel.request("pty-req", encodeFields([{ string: term }, ...size, { string: "\0" }]));
    if (isGiven !== true) return isGiven;
  }
  if (line === undefined) return channel.request("shell", Buffer.alloc(0));
  return channel.request("exec", encodeFields([{ string: line }]));
}

/** RFC 4254, 7.2, and PROTOCOL of OpenSSH, 2.4. */
function formatTarget(target: ForwardTarget): [type: string, fields: Buffer] {
  if ("socketPath" in target) {
    const fields = [{ string: target.socketPath }, { string: "" }, { uint32: 0 }];
    return ["direct-streamlocal@openssh.com", encodeFields(fields)];
  }
  const { host, port } = target;
  return ["direct-tcpip", encodeFields([{ string: host }, { uint32: port }, { string: "127.0.0.1" }, { uint32: 0 }])];
}
