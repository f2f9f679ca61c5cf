import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { isWithin } from "@otto/errors";
import { endLocalGroup } from "../local/local-group.js";
import type { SshEndpoint } from "../route/endpoint.js";
import { ProxyCommandFailure, socketError } from "../route/failure.js";
import { configError } from "../route/ssh-config-host.js";
import { isUnsafeWord } from "../route/ssh-config-tokens.js";

export interface ProxyDialer {
  /** Starts the command. Destroying the stream ends it with its children; the stream is closed when they are gone. */
  readonly dial: (signal: AbortSignal, username?: string) => Promise<Duplex>;
  /** The end of what the last command that said something on stderr said there, once its stream is destroyed. */
  readonly lastWords: () => Promise<string>;
}

export interface ProxySetting {
  /** With tokens. */
  readonly command: string;
  /** `SHELL` runs the command; default `/bin/sh`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command that ended its stdout has this long to end itself: only then it is known how. */
const exitGraceMs = 1000;
/** Characters of stderr that are kept. */
const longestSaid = 4096;

/**
 * Opens streams to an endpoint by a command of this machine, run as OpenSSH runs it.
 * @see ssh_config(5), ProxyCommand
 */
export function createProxyDialer(endpoint: SshEndpoint, { command, env }: ProxySetting): ProxyDialer {
  let said = "";
  let allSaid: Promise<unknown> = Promise.resolve();
  return {
    dial: async (signal, username = endpoint.credentials[0].username) => {
      const line = `exec ${expandProxyCommand(command, endpoint, username)}`;
      signal.throwIfAborted();
      const shell = env.SHELL || "/bin/sh";
      // A group of its own ends with all its children.
      const child = spawn(shell, ["-c", line], { env: belowShell(env), detached: true, stdio: "pipe" });
      let words = "";
      child.stderr.on("error", () => {}).setEncoding("utf8");
      allSaid = eventOf(child.stderr, "close");
      child.stderr.on("data", (text: string) => {
        words = (words + text).slice(-longestSaid);
        said = words;
      });
      try {
        await once(child, "spawn");
      } catch (error) {
        const why = `its proxy command cannot be started by ${shell}: ${(error as Error).message}`;
        throw socketError(endpoint, new ProxyCommandFailure(why));
      }
      return new ProxySocket(child, () => words.trim());
    },
    lastWords: async () => {
      await isWithin(allSaid, exitGraceMs);
      return said.trim();
    },
  };
}

/**
 * bash takes a shell whose stdin is a socket, as Node's pipes are, for one of a remote login, and reads ~/.bashrc, unless another
 * shell has started it.
 */
function belowShell(env: ProxySetting["env"]): ProxySetting["env"] {
  return { ...env, SHLVL: Number(env.SHLVL) > 0 ? env.SHLVL : "1" };
}

/**
 * Puts what tokens stand for into a proxy command.
 * @throws OttoError `SSH_CONFIG_INVALID` for another token, and a name that a shell would read as more than a word
 */
export function expandProxyCommand(command: string, endpoint: SshEndpoint, username: string): string {
  const { name, host, port = 22, alias = host, hostKeyAlias = alias } = endpoint;
  const values: Readonly<Record<string, string>> = {
    "%": "%",
    h: host,
    p: String(port),
    r: username,
    n: alias,
    k: hostKeyAlias,
  };
  return command.replace(/%(.?)/gs, (token, letter: string) => {
    const value = Object.hasOwn(values, letter) ? values[letter] : undefined;
    if (value === undefined) throw configError(name, `ProxyCommand knows no token ${token}: %h %p %r %n %k %%`);
    // As OpenSSH since 9.6: a name may come from a file of somebody else's.
    if (isUnsafeWord(value))
      throw configError(
        name,
        `ProxyCommand cannot take ${JSON.stringify(value)} for ${token}: a shell reads it as more than a word`,
      );
    return value;
  });
}

type Child = ChildProcessWithoutNullStreams;

/** The stdin and stdout of a proxy command. */
class ProxySocket extends Duplex {
  readonly #child: Child;
  /** Resolves when the command has ended: with what says so, where it should have gone on. */
  readonly #over: Promise<Error | undefined>;

  constructor(child: Child, said: () => string) {
    super({ allowHalfOpen: false });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    // What a broken pipe means is told by how the command ended.
    for (const emitter of [child, child.stdin, child.stdout]) emitter.on("error", () => {});
    this.#over = describeEnd(child, said);
    void this.#over.then((failure) => {
      if (failure === undefined) this.push(null);
      else this.destroy(failure);
    });
    // Between a dial and its use nobody listens yet.
    this.on("error", () => {});
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, (error) => {
      if (!error) callback();
      else void this.#over.then((failure) => callback(failure ?? error));
    });
  }

  override _final(callback: () => void): void {
    this.#child.stdin.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const { stdin, stdout } = this.#child;
    for (const stream of [stdin, stdout]) stream.destroy();
    void this.#end().then(() => callback(error));
  }

  /** Ends the command and reads what it said until then, unless somebody else holds its stderr. */
  async #end(): Promise<void> {
    const { stderr } = this.#child;
    const allSaid = stderr.closed ? Promise.resolve() : eventOf(stderr, "close");
    await endLocalGroup(this.#child);
    await isWithin(allSaid, exitGraceMs);
    stderr.destroy();
  }
}

/** Waits until nothing more can come. A command that failed is over, also where a child of its holds its stdout. */
async function describeEnd(child: Child, said: () => string): Promise<ProxyCommandFailure | undefined> {
  const closed = eventOf(child, "close");
  const read = finished(child.stdout, { writable: false }).catch(() => {});
  const failed = eventOf(child, "exit").then(() => (hasFailed(child) ? undefined : read));
  await Promise.race([read, failed]);
  await isWithin(closed, exitGraceMs);
  if (!hasFailed(child)) return undefined;
  const words = said();
  const end = child.signalCode ?? child.exitCode;
  return new ProxyCommandFailure(
    `its proxy command ended with ${end} and said${words === "" ? " nothing" : `: ${words}`}`,
  );
}

function eventOf(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(event, () => resolve());
  });
}

function hasFailed({ exitCode, signalCode }: Child): boolean {
  return signalCode !== null || (exitCode !== null && exitCode !== 0);
}
