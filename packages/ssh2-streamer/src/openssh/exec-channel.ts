import { Readable } from "node:stream";
import type { ProcessExit } from "../command/command.js";
import { readAheadBytes, writeChannel } from "../transport/channel-sink.js";
import type { ChunkFilter, Connection, ExecChannel, ExecRequest } from "../transport/transport.js";
import type { Channel, ChannelUser } from "./channels.js";
import { Inbound } from "./inbound.js";
import { encodeFields, type FieldReader } from "./wire.js";

/** Makes the session of a channel that has just been opened. */
export function createExecChannel(
  channel: Channel,
  connection: Connection,
  { label, filters }: Pick<ExecRequest, "label" | "filters">,
): ChannelUser & { readonly exec: ExecChannel } {
  const stdin = writeChannel(channel);
  const outputs = [readInbound(channel, filters?.stdout), readInbound(channel, filters?.stderr)] as const;
  const [stdout, stderr] = outputs;
  // Who waits for `exit` alone must not be ended by an error event nobody listens to.
  for (const stream of [stdin, stdout.stream, stderr.stream]) stream.on("error", () => {});
  let resolveExit: (exit: ProcessExit) => void = () => {};
  let resolveGone: () => void = () => {};
  let forgetLoss = () => {};
  const lost = new Promise<never>((_, reject) => {
    forgetLoss = connection.onLost(() => {
      const error = connection.lostError(label);
      reject(error);
      if (!channel.hasPeerEnded) for (const { stream } of outputs) stream.destroy(error);
      stdin.closeByPeer();
    });
  });
  const told = new Promise<ProcessExit>((resolve) => {
    resolveExit = resolve;
  });
  const gone = new Promise<void>((resolve) => {
    resolveGone = resolve;
  });
  const closed = Promise.race([gone, lost]);
  const exit = Promise.race([told, closed.then(() => ({ exitCode: undefined }))]);
  // Who waits for one of them alone must not be ended by the other.
  for (const end of [closed, exit]) end.catch(() => {});
  const end = () => {
    for (const { inbound } of outputs) inbound.end();
  };
  return {
    onData: (chunk, isStderr) => (isStderr ? stderr : stdout).inbound.push(chunk),
    onEof: end,
    onRequest: (type, fields) => {
      const ended = readExit(type, fields);
      if (ended !== undefined) resolveExit(ended);
    },
    onClose: () => {
      forgetLoss();
      end();
      stdin.closeByPeer();
      resolveGone();
    },
    exec: {
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      exit,
      closed,
      get hasServerEnded() {
        return channel.hasPeerEnded;
      },
      signal: (name) => channel.notify("signal", encodeFields([{ string: name.replace(/^SIG/, "") }])),
      resize: (columns, rows) =>
        channel.notify("window-change", encodeFields([columns, rows, 0, 0].map((uint32) => ({ uint32 })))),
      close: () => channel.close(),
    },
  };
}

function readInbound(channel: Channel, filter: ChunkFilter | undefined) {
  const stream = new Readable({
    highWaterMark: readAheadBytes,
    read: () => inbound.resume(),
    destroy: (error, callback) => {
      inbound.drop();
      callback(error);
    },
  });
  const inbound = new Inbound(stream, (bytes) => channel.consume(bytes), filter);
  return { stream, inbound };
}

/** RFC 4254, 6.10. */
function readExit(type: string, fields: FieldReader): ProcessExit | undefined {
  if (type === "exit-status") return { exitCode: fields.uint32(), signal: undefined };
  if (type === "exit-signal") return { exitCode: undefined, signal: `SIG${fields.string().toString("latin1")}` };
  return undefined;
}
