import { pipeline } from "node:stream/promises";
import { AgentSocket } from "./agent-socket.js";
import type { ChannelProcess } from "./remote-process.js";

const maxStderrBytes = 4096;

/** A process that passes its stdin and stdout on to a socket of its machine, as that socket. */
export class ProcessSocket extends AgentSocket {
  readonly #process: ChannelProcess;

  /** @param explain makes the error of a process that ended in failure, of what it said on stderr */
  constructor(process: ChannelProcess, explain: (stderr: string) => Error) {
    const { stdin, stdout } = process;
    super({
      allowHalfOpen: false,
      read: () => stdout.resume(),
      write: (chunk, _encoding, callback) => {
        stdin.write(chunk, callback);
      },
      final: (callback) => {
        stdin.end();
        callback();
      },
    });
    this.#process = process;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stdout.pause();
    void this.#follow(explain);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // An idle one ends by the end of its stdin; in the middle of something it might not.
    if (this.isParked) this.#process.close();
    else void this.#process.end();
    for (const stream of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) stream.destroy();
    callback(error);
  }

  // The stream's end is told only when the process told how it ended: a failed one must not look like a short answer.
  async #follow(explain: (stderr: string) => Error): Promise<void> {
    let said = "";
    const { stdout, stderr, exit } = this.#process;
    const listened = pipeline(stderr, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) said = (said + chunk.toString()).slice(-maxStderrBytes);
    });
    const ended = new Promise<void>((resolve) => {
      stdout.once("end", resolve);
      stdout.once("close", resolve);
    });
    try {
      const [{ exitCode }] = await Promise.all([exit, ended, listened.catch(() => {})]);
      if (exitCode === 0 || this.destroyed) this.push(null);
      else this.destroy(explain(said.trim()));
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}
