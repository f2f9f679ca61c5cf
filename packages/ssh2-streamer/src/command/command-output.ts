import { finished, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OttoError } from "@otto/errors";
import type { RemoteProcess } from "./command.js";

/** Where the output of a command goes as it comes, instead of into its result. Both stay open. */
export interface CommandOutput {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface OutputBudgetOptions {
  /** Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** What says too much, and where, for messages. */
  readonly label: string;
  /** Called once, when more comes than may be kept: the command is to be ended then. */
  readonly onSpent: (error: OttoError) => void;
}

const defaultMaxBytes = 64 << 20;

/** How much of a command's outputs is kept, stdout and stderr together. */
export class OutputBudget {
  readonly #options: OutputBudgetOptions;
  #maxBytes: number;
  #leftBytes: number;

  constructor(options: OutputBudgetOptions) {
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
    this.#leftBytes = this.#maxBytes;
  }

  /** Whether so many more bytes may be kept. */
  take(bytes: number): boolean {
    if (this.#leftBytes < 0) return false;
    this.#leftBytes -= bytes;
    if (this.#leftBytes < 0) this.#options.onSpent(outputError(this.#options.label, this.#maxBytes));
    return this.#leftBytes >= 0;
  }

  /** Begins anew, for the next command. */
  renew(maxBytes: number = defaultMaxBytes): void {
    this.#maxBytes = maxBytes;
    this.#leftBytes = maxBytes;
  }
}

function outputError(label: string, maxBytes: number): OttoError {
  return new OttoError("COMMAND_OUTPUT_LIMIT", `${label}: more than ${maxBytes} bytes of output; it was ended`, {
    hint: "Take the output as a stream (option output, or spawn), write it to a file there, or raise maxOutputBytes.",
    details: { maxBytes },
  });
}

/** Gathers what a stream gives; of one that breaks it keeps what had come. */
export class Collector {
  readonly #chunks: Buffer[] = [];
  readonly #over: Promise<Error | undefined>;

  constructor(stream: Readable, budget: OutputBudget) {
    this.#over = new Promise((resolve) => {
      stream.on("data", (chunk: Buffer) => {
        if (budget.take(chunk.length)) this.#chunks.push(chunk);
        // Its command ends in an error: nobody gets these.
        else this.#chunks.length = 0;
      });
      finished(stream, { writable: false }, () => resolve(stream.errored ?? undefined));
    });
  }

  /** All of it, once the stream is over. @throws what broke the stream */
  async finished(): Promise<Buffer> {
    const broken = await this.#over;
    if (broken !== undefined) throw broken;
    return this.bytes;
  }

  /** What has come so far. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

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
  budget: OutputBudget,
): readonly [OutputReader, OutputReader] {
  const { stdout, stderr } = process;
  if (output === undefined) return [new Collector(stdout, budget), new Collector(stderr, budget)];
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
