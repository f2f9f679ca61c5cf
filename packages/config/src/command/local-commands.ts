import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import {
  cleanText,
  isSystemError,
  type OttoError,
  quoteCommand,
  Secret,
  SingleFlight,
  startDeadline,
  startTimer,
} from "@otto/errors";

/** A command of this machine whose stdout is wanted. */
export interface LocalCommand {
  readonly argv: readonly string[];
  /** Absolute; undefined: the working directory. */
  readonly directory: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it prints counts for this alone, as for one host: the same command runs again for another. Default: for all. */
  readonly scope?: string | undefined;
  /** Bytes that it may print. Default 65,536. */
  readonly maxBytes?: number | undefined;
  /** The error for a command that fails. @param why safe to print; @param commandLine quoted for a shell */
  readonly failure: (why: string, commandLine: string) => OttoError;
}

// A vault may ask its user to unlock it.
const timeoutMs = 120_000;
const graceMs = 1000;
/** Bytes. */
const longestSecret = 64 << 10;
const longestComplaint = 16 << 10;

/** Runs commands that print secrets or labs: each once, however many ask for it. One that failed runs again. */
export class LocalCommands {
  readonly #flights = new Map<string, SingleFlight<Secret>>();
  readonly #printed = new Map<string, Secret>();

  /**
   * What a command prints, without its last newline.
   * @throws OttoError of {@link LocalCommand.failure}: it cannot be started, ends with another exit code than 0, prints nothing or
   * too much, or runs for more than 120 s
   */
  async read(command: LocalCommand, signal?: AbortSignal): Promise<Secret> {
    const key = JSON.stringify([command.scope, command.argv, command.directory]);
    const known = this.#printed.get(key);
    if (known !== undefined) return known;
    const flight = this.#flights.get(key) ?? new SingleFlight((wanted) => runCommand(command, wanted));
    this.#flights.set(key, flight);
    const printed = await flight.do(signal);
    this.#printed.set(key, printed);
    return printed;
  }
}

/** The command may ask at the terminal; its stdin is empty. */
async function runCommand(command: LocalCommand, signal: AbortSignal): Promise<Secret> {
  const [program = "", ...words] = command.argv;
  using deadline = startDeadline(timeoutMs, signal);
  const { env, directory, maxBytes = longestSecret } = command;
  const failed = (why: string) => command.failure(why, quoteCommand(command.argv));
  const child = spawn(program, words, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  const letGo = () => [child.stdout, child.stderr].forEach((stream) => void stream.destroy());
  const kill = () => {
    child.kill("SIGKILL");
    letGo();
  };
  deadline.signal.addEventListener("abort", kill, { once: true });
  let grace: NodeJS.Timeout | undefined;
  // A daemon that it started may hold its outputs.
  child.once("exit", () => {
    grace = startTimer(letGo, graceMs);
  });
  try {
    // What prints too much need not end by itself.
    const outputs = [readUpTo(child.stdout, maxBytes, kill), readUpTo(child.stderr, longestComplaint)] as const;
    const [printed, complaint, [exitCode, name]] = await Promise.all([...outputs, once(child, "close")]);
    deadline.signal.throwIfAborted();
    const text = printed.bytes.toString().replace(/\r?\n$/, "");
    const said = cleanText(complaint.bytes.toString(), [new Secret(text)]).trim();
    const complained = (why: string) => failed(said === "" ? why : `${why}: ${said}`);
    if (printed.isCut) throw complained(`it printed more than ${maxBytes} bytes`);
    if (exitCode !== 0)
      throw complained(exitCode === null ? `it was ended by ${String(name)}` : `exit code ${String(exitCode)}`);
    if (text === "") throw complained("it printed nothing");
    return new Secret(text);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.passed) throw failed(`it did not end within ${timeoutMs / 1000} s`);
    if (isSystemError(error)) throw failed(error.code === "ENOENT" ? "no such program" : (error.code ?? ""));
    throw error;
  } finally {
    clearTimeout(grace);
    deadline.signal.removeEventListener("abort", kill);
  }
}

/** What comes first of a stream until it is closed; the rest goes by, or is the end. */
async function readUpTo(
  stream: Readable,
  limitBytes: number,
  onCut?: () => void,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < limitBytes) chunks.push(chunk.subarray(0, limitBytes - size));
    size += chunk.length;
    if (size > limitBytes) onCut?.();
  });
  await once(stream, "close");
  return { bytes: Buffer.concat(chunks), isCut: size > limitBytes };
}
