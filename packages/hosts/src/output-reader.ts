import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { RemoteProcess } from "ssh2-streamer";
import { Collector } from "./collector.js";
import type { CommandOutput } from "./command.js";

/** What becomes of a stream that a process gives. */
export interface OutputReader {
  /** What is kept of it so far. */
  readonly bytes: Buffer;
  /** Settles when the stream is over; rejects when it breaks, though its process may have ended well, or what it goes to. */
  finished(): Promise<unknown>;
}

/** Reads stdout and stderr of a process: into memory, or to where they are to go. */
export function readOutputs(
  process: RemoteProcess,
  output: CommandOutput | undefined,
): readonly [OutputReader, OutputReader] {
  const { stdout, stderr } = process;
  if (output === undefined) return [new Collector(stdout), new Collector(stderr)];
  const kill = () => process.kill("SIGKILL");
  return [forwardOutput(stdout, output.stdout, kill), forwardOutput(stderr, output.stderr, kill)];
}

/** Hands on what a stream gives, as fast as `target` takes it. `target` stays open. */
function forwardOutput(stream: Readable, target: Writable, onFailure: () => void): OutputReader {
  const done = pipeline(stream, target, { end: false }).catch((error: unknown) => {
    if (target.destroyed || target.errored) onFailure();
    throw error;
  });
  done.catch(() => {});
  return { bytes: Buffer.alloc(0), finished: () => done };
}
