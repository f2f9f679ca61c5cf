import { type Duplex, Writable } from "node:stream";
import { brokenPipe } from "@otto/errors";

type Callback = (error?: Error | null) => void;

/**
 * The stdin of a process behind `channel`. It fails with EPIPE once the channel is closed, as a pipe does, and destroying
 * it without an error closes stdin alone: the outputs go on.
 */
export function createExecStdin(channel: Duplex): Writable {
  let pending: Callback | undefined;
  const settle = (error?: Error | null) => {
    const callback = pending;
    pending = undefined;
    callback?.(error ? brokenPipe() : undefined);
  };
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      pending = callback;
      if (channel.destroyed || channel.writableEnded) settle(brokenPipe());
      else channel.write(chunk, settle);
    },
    final: (callback) => {
      channel.end();
      callback();
    },
    destroy: (error, callback) => {
      // What is cut short by an error must not look complete to the process.
      if (error === null) channel.end();
      callback(error);
    },
  });
  stdin.on("error", () => {});
  channel.on("error", () => {});
  const close = () => {
    settle(brokenPipe());
    // Who writes only now and then would wait for ever to hear of it.
    if (!stdin.writableFinished) stdin.destroy(brokenPipe());
  };
  // One that is closed already does not say so again.
  if (channel.destroyed) close();
  else channel.once("close", close);
  return stdin;
}

/** The stdin of a process that was started without one. What is written to it would be lost: it ends the connection. */
export function createAbsentStdin(channel: Duplex): Writable {
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, callback) => {
      if (chunk.length === 0) return callback();
      const error = new TypeError("a process that was started without { stdin: true } has no stdin to write to");
      channel.destroy(error);
      callback(error);
    },
    final: (callback) => {
      channel.end();
      callback();
    },
  });
  stdin.on("error", () => {});
  return stdin;
}
