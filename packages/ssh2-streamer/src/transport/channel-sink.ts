import { Writable } from "node:stream";
import { brokenPipe } from "@otto/errors";

/** As much as may have come unread: a reader that stops at each packet is slow. node:http takes it over for an answer. */
export const readAheadBytes = 1 << 20;

/** A piece of this size is many packets: one more is cheaper than a copy of it. */
const largeBytes = 64 * 1024;

/** What takes the data of a channel's writing side. */
export interface ChannelEnd {
  write(chunk: Buffer | undefined, callback?: (error?: Error | null) => void): unknown;
  end(): unknown;
}

type Callback = (error?: Error | null) => void;

/** Writes to a channel; after the server closed it, writes fail with EPIPE as they do on a pipe. */
export function writeChannel(channel: ChannelEnd): Writable & { closeByPeer(): void } {
  const sink = createSink(channel);
  const writer = new Writable({ ...sink.methods, destroy: (error, callback) => callback(error) });
  const closeByPeer = () => {
    sink.closeByPeer();
    // Who writes only now and then would wait for ever to hear of it.
    if (!writer.writableFinished) writer.destroy(brokenPipe());
  };
  return Object.assign(writer, { closeByPeer });
}

/** A channel's writing side, for a stream's options. */
export function createSink(channel: ChannelEnd) {
  let pending: Callback | undefined;
  let isClosed = false;
  const send = (chunks: readonly Buffer[], callback: Callback) => {
    if (isClosed) return callback(brokenPipe());
    pending = callback;
    for (const chunk of chunks.slice(0, -1)) channel.write(chunk);
    channel.write(chunks.at(-1), (error) => {
      if (pending === undefined) return;
      pending = undefined;
      callback(error);
    });
  };
  const write = (chunk: Buffer, _encoding: BufferEncoding, callback: Callback) => send([chunk], callback);
  // Each write becomes packets of its own; HTTP/2 hands over a frame's header and body apart.
  const writev = (writes: readonly { readonly chunk: Buffer }[], callback: Callback) => {
    const chunks = writes.map(({ chunk }) => chunk);
    send(chunks.some(({ length }) => length > largeBytes) ? chunks : [Buffer.concat(chunks)], callback);
  };
  const final = (callback: Callback) => {
    if (!isClosed) channel.end();
    callback();
  };
  const closeByPeer = () => {
    isClosed = true;
    pending?.(brokenPipe());
    pending = undefined;
  };
  return { methods: { write, writev, final }, closeByPeer };
}
