import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import {
  cleanText,
  isSystemError,
  OttoError,
  quoteCommand,
  Secret,
  SingleFlight,
  startDeadline,
  startTimer,
} from "@otto/errors";

/** A command that prints a secret of one host. */
export interface SecretCommand {
  readonly host: string;
  /** `the password of ada`, for messages. */
  readonly what: string;
  readonly argv: readonly string[];
  /** Absolute. */
  readonly directory: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

// A vault may ask its user to unlock it.
const timeoutMs = 120_000;
const graceMs = 1000;
/** Bytes. */
const longestSecret = 64 << 10;
const longestComplaint = 16 << 10;

/** Runs the commands that print secrets: each once for a host, however many connections ask for it. One that failed runs again. */
export class SecretCommands {
  readonly #flights = new Map<string, SingleFlight<Secret>>();
  readonly #secrets = new Map<string, Secret>();

  /** @throws OttoError `LAB_SECRET_COMMAND_FAILED` */
  async read(command: SecretCommand, signal: AbortSignal): Promise<Secret> {
    const key = JSON.stringify([command.host, command.what, command.argv]);
    const known = this.#secrets.get(key);
    if (known !== undefined) return known;
    const flight = this.#flights.get(key) ?? new SingleFlight((wanted) => runSecretCommand(command, wanted));
    this.#flights.set(key, flight);
    const secret = await flight.do(signal);
    this.#secrets.set(key, secret);
    return secret;
  }
}

/** Gives what the command prints, without its last newline. The command may ask at the terminal; its stdin is empty. */
async function runSecretCommand(command: SecretCommand, signal: AbortSignal): Promise<Secret> {
  const [program = "", ...words] = command.argv;
  using deadline = startDeadline(timeoutMs, signal);
  const { env, directory } = command;
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
    const outputs = [readUpTo(child.stdout, longestSecret, kill), readUpTo(child.stderr, longestComplaint)] as const;
    const [printed, complaint, [exitCode, name]] = await Promise.all([...outputs, once(child, "close")]);
    deadline.signal.throwIfAborted();
    const text = printed.bytes.toString().replace(/\r?\n$/, "");
    const failed = (why: string) =>
      failure(command, why, cleanText(complaint.bytes.toString(), [new Secret(text)]).trim());
    if (printed.isCut) throw failed(`it printed more than ${longestSecret} bytes`);
    if (exitCode !== 0)
      throw failed(exitCode === null ? `it was ended by ${String(name)}` : `exit code ${String(exitCode)}`);
    if (text === "") throw failed("it printed nothing");
    return new Secret(text);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.passed) throw failure(command, `it did not end within ${timeoutMs / 1000} s`);
    if (isSystemError(error)) throw failure(command, error.code === "ENOENT" ? "no such program" : (error.code ?? ""));
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

function failure({ host, what, argv }: SecretCommand, why: string, complaint = ""): OttoError {
  const command = quoteCommand(argv);
  const said = complaint === "" ? "" : `: ${complaint}`;
  return new OttoError("LAB_SECRET_COMMAND_FAILED", `reading ${what} on ${host} by ${command}: ${why}${said}`, {
    hint: "Run the command yourself: it has to print the secret on stdout, and nothing else there.",
    details: { host, command },
  });
}
