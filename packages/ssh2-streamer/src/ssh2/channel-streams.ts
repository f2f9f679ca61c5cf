import { Readable } from "node:stream";
import { readAheadBytes } from "../transport/channel-sink.js";
import type { ChunkFilter } from "../transport/transport.js";

// ssh2's channels end as if the data were complete when the connection is lost, never answer a write after the
// server closed, and hold what is destroyed. These streams stand before them and do end.

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
