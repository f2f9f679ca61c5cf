import { finished } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ChannelProcess } from "../process/remote-process.js";
import type { LendableSession } from "../schedule/connection-slots.js";
import { AgentSocket } from "../transport/agent-socket.js";

const maxStderrBytes = 4096;

export interface TunnelSetting {
  /** Makes the error of a process that ended in failure, of what it said on stderr. */
  readonly explain: (stderr: string) => Error;
  /** An agent holds the stream idle. */
  readonly onIdle?: (() => void) | undefined;
}

/** A process that passes its stdin and stdout on to a socket of its machine, with one user at a time. */
export class StdioTunnel implements LendableSession {
  readonly process: ChannelProcess;
  /** Resolves when the process has ended: with the error of one that failed. */
  readonly over: Promise<Error | undefined>;
  readonly #onIdle: () => void;
  #socket: TunnelSocket | undefined;

  constructor(process: ChannelProcess, { explain, onIdle = () => {} }: TunnelSetting) {
    const { stdout } = process;
    this.process = process;
    this.#onIdle = onIdle;
    stdout.on("data", (chunk: Buffer) => {
      if (this.#socket?.push(chunk) === false) stdout.pause();
    });
    stdout.pause();
    this.over = this.#follow(explain);
  }

  /** Makes the stream that uses the tunnel from now on; destroying it ends the process. */
  open(): AgentSocket {
    const socket = new TunnelSocket(this, () => this.#socket === socket);
    this.#socket = socket;
    socket.onParked = this.#onIdle;
    // Between a dial and its use nobody listens yet.
    socket.on("error", () => {});
    void this.over.then((error) => {
      if (this.#socket !== socket) return;
      if (error === undefined) socket.push(null);
      else socket.destroy(error);
    });
    return socket;
  }

  /** Whether an agent holds the stream idle. */
  get isIdle(): boolean {
    return this.#socket?.isParked === true && !this.#socket.destroyed && this.#socket.readableLength === 0;
  }

  /** Takes an idle tunnel from its stream, which ends without ending the process. */
  free(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  close(): void {
    this.process.close();
  }

  // The stream's end is told only when the process told how it ended: a failed one must not look like a short answer.
  async #follow(explain: (stderr: string) => Error): Promise<Error | undefined> {
    const { stdout, stderr, exit } = this.process;
    let said = "";
    const listened = pipeline(stderr, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) said = (said + chunk.toString()).slice(-maxStderrBytes);
    });
    const ended = new Promise<void>((resolve) => {
      finished(stdout, { writable: false }, () => resolve());
    });
    try {
      const [{ exitCode }] = await Promise.all([exit, ended, listened.catch(() => {})]);
      return exitCode === 0 ? undefined : explain(said.trim());
    } catch (error) {
      return error as Error;
    }
  }
}

class TunnelSocket extends AgentSocket {
  readonly #tunnel: StdioTunnel;
  readonly #isUser: () => boolean;

  constructor(tunnel: StdioTunnel, isUser: () => boolean) {
    const { stdin, stdout } = tunnel.process;
    super({
      allowHalfOpen: false,
      read: () => stdout.resume(),
      write: (chunk, _encoding, callback) => {
        // A broken pipe would hide why the process is gone, and of one that ended well what is still to be read.
        stdin.write(chunk, (error) => {
          if (!error) callback();
          else void tunnel.over.then((failure) => callback(failure && error));
        });
      },
      final: (callback) => {
        stdin.end();
        callback();
      },
    });
    this.#tunnel = tunnel;
    this.#isUser = isUser;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#isUser()) this.#endProcess();
    callback(error);
  }

  #endProcess(): void {
    const { process } = this.#tunnel;
    // An idle one ends by the end of its stdin; in the middle of something it might not.
    if (this.isParked) process.close();
    else void process.end();
    for (const stream of [process.stdin, process.stdout, process.stderr]) stream.destroy();
  }
}
