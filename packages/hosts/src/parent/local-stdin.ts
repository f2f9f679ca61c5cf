import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Writable } from "node:stream";
import { brokenPipe } from "@otto/errors";

type Callback = (error?: Error | null) => void;

/**
 * The stdin of a child, failing with EPIPE once the child does not read it any more, as a pipe does. Node's own is
 * closed without an error when the child exits, which looks like the end of a source that broke.
 */
export function writeStdin(child: ChildProcessWithoutNullStreams): Writable {
  const { stdin } = child;
  const refuse = (callback: Callback) => (error?: Error | null) => callback(error ? brokenPipe() : undefined);
  stdin.on("error", () => {});
  const writer = new Writable({
    write: (chunk: Buffer, _encoding, callback) => void stdin.write(chunk, refuse(callback)),
    final: (callback) => {
      stdin.end();
      callback();
    },
    destroy: (error, callback) => {
      stdin.destroy();
      callback(error);
    },
  });
  writer.on("error", () => {});
  child.once("exit", () => {
    // Who writes only now and then would wait for ever to hear of it.
    if (!writer.writableFinished) writer.destroy(brokenPipe());
  });
  return writer;
}
