import type { Readable } from "node:stream";
import type { ClientChannel } from "ssh2";
import type { ProcessExit } from "../command/command.js";
import { writeChannel } from "../transport/channel-sink.js";
import type { Connection, ExecChannel, ExecRequest } from "../transport/transport.js";
import { readChannel } from "./channel-streams.js";
import { hasServerEnded, sendSignal } from "./internals.js";

/** Makes the session of a channel. Must be called in ssh2's callback: what the channel says next is lost otherwise. */
export function createExecChannel(
  channel: ClientChannel,
  connection: Connection,
  { label, filters }: Pick<ExecRequest, "label" | "filters">,
): ExecChannel {
  const stdin = writeChannel(channel);
  const stdout = readChannel(channel, filters?.stdout);
  const stderr = readChannel(channel.stderr as Readable, filters?.stderr);
  // Who waits for `exit` alone must not be ended by an error event nobody listens to.
  for (const stream of [stdin, stdout, stderr]) stream.on("error", () => {});
  let forgetLoss = () => {};
  const lost = new Promise<never>((_, reject) => {
    forgetLoss = connection.onLost(() => {
      const error = connection.lostError(label);
      reject(error);
      if (!hasServerEnded(channel)) for (const stream of [stdout, stderr]) stream.destroy(error);
      stdin.closeByPeer();
    });
  });
  const told = new Promise<ProcessExit>((resolve) => {
    channel.once("exit", (code: number | null, signal?: string) => resolve({ exitCode: code ?? undefined, signal }));
  });
  const gone = new Promise<void>((resolve) => {
    channel.once("close", () => {
      forgetLoss();
      stdin.closeByPeer();
      resolve();
    });
  });
  const closed = Promise.race([gone, lost]);
  const exit = Promise.race([told, closed.then(() => ({ exitCode: undefined }))]);
  // Who waits for one of them alone must not be ended by the other.
  for (const end of [closed, exit]) end.catch(() => {});
  return {
    stdin,
    stdout,
    stderr,
    exit,
    closed,
    get hasServerEnded() {
      return hasServerEnded(channel);
    },
    signal: (name) => {
      if (connection.isOpen) sendSignal(channel, name);
    },
    resize: (columns, rows) => channel.setWindow(rows, columns, 0, 0),
    close: () => channel.close(),
  };
}
