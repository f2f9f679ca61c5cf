import { Readable, Writable } from "node:stream";
import { brokenPipe } from "@otto/errors";
import type { Channel } from "ssh2";
import type { ChunkFilter } from "../transport/transport.js";

// ssh2's channels end as if the data were complete when the connection is lost, never answer a write after the
// server closed, and hold what is destroyed. These streams stand before them and do end.

/** As much as may have come unread: a reader that stops at each packet is slow. node:http takes it over for an answer. */
export const readAheadBytes = 1 << 20;

/** A piece of this size is many packets: one more is cheaper than a copy of it. */
const largeBytes = 64 * 1024;

type Callback = (error?: Error | null) => void;

/** Reads `source` with backpressure. Destroyed early, it lets the rest go by, so that the channel can close. */
export function readChannel(source: Readable, filter?: ChunkFilter): Readable {
  const reader = new Readable({
    highWaterMark: readAheadBytes,
    read: () => source.resume(),
    destroy(error, callback) {
      source.removeAllListeners("data");
      source.resume();
      callback(error);
    },
  });
  forward(source, reader, filter);
  return reader;
}

/** Writes to a channel; after the server closed it, writes fail with EPIPE as they do on a pipe. */
export function writeChannel(channel: Channel): Writable & { closeByPeer(): void } {
  const sink = createSink(channel);
  const writer = new Writable({ ...sink.methods, destroy: (error, callback) => callback(error) });
  const closeByPeer = () => {
    sink.closeByPeer();
    // Who writes only now and then would wait for ever to hear of it.
    if (!writer.writableFinished) writer.destroy(brokenPipe());
  };
  return Object.assign(writer, { closeByPeer });
}

/** Moves what `source` gives into `target`, as fast as it is read. */
export function forward(source: Readable, target: Readable, filter?: ChunkFilter): void {
  const pass = (chunk: Buffer) => {
    if (chunk.length > 0 && !target.push(chunk)) source.pause();
  };
  source.on("data", (chunk: Buffer) => pass(filter === undefined ? chunk : filter.push(chunk)));
  source.once("end", () => {
    if (target.destroyed) return;
    if (filter !== undefined) pass(filter.flush());
    target.push(null);
  });
  if (filter === undefined) source.pause();
}

/** A channel's writing side, for a stream's options. */
export function createSink(channel: Channel) {
  let pending: Callback | undefined;
  let isClosed = false;
  const send = (chunks: readonly Buffer[], callback: Callback) => {
    if (isClosed) return callback(brokenPipe());
    pending = callback;
    for (const chunk of chunks.slice(0, -1)) channel.write(chunk);
    channel.write(chunks.at(-1), () => {
      pending = undefined;
      callback();
    });
  };
  const write = (chunk: Buffer, _encoding: BufferEncoding, callback: Callback) => send([chunk], callback);
  // ssh2 sends each write as packets of its own; HTTP/2 hands over a frame's header and body apart.
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
