import { type Deadline, isWithin, OttoError, quoteWord } from "@otto/errors";
import { OutputBudget, type RemoteProcess } from "ssh2-streamer";
import { type CommandResult, timedOutExitCode } from "../process/command.js";
import { createSentinel } from "../process/sentinel-lines.js";
import { type OutputSection, SentinelOutput } from "./sentinel-output.js";

// Says how the shell ended on both of its outputs; what it started in the background may hold them open.
const supervise = `
read -r otto_mark || exit
/bin/sh
set -- "$?"
echo "$otto_mark end $1"
echo "$otto_mark end $1" >&2
`;

/** How long the end of a shell whose outputs have ended is waited for. */
const settleMs = 1000;

/** Keeps the session's own outputs, so that a command that redirects the shell's does not cut us off. */
const prologue = "exec 8>&1 9>&2\n";

/**
 * One POSIX shell that keeps its directory, variables, functions and options between commands. After each command it
 * says the exit code on stdout and stderr, behind an unguessable sentinel, so both outputs are exact and apart.
 */
export class ShellSession {
  readonly #process: RemoteProcess;
  readonly #host: string;
  readonly #ending: AbortController;
  readonly #sentinel: string;
  readonly #stdout: SentinelOutput;
  readonly #stderr: SentinelOutput;
  readonly #budget: OutputBudget;
  #overflow: OttoError | undefined;
  #ended = false;

  /**
   * @param start runs argv with a stdin, such that it is ended when the signal fires
   * @param options.host its id, for messages
   */
  static async open(
    start: (argv: readonly string[], signal: AbortSignal) => Promise<RemoteProcess>,
    { host, signal }: { readonly host: string; readonly signal: AbortSignal },
  ): Promise<ShellSession> {
    const ending = new AbortController();
    const onAbort = () => ending.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return new ShellSession(await start(["/bin/sh", "-c", supervise], ending.signal), { host, ending });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  private constructor(process: RemoteProcess, { host, ending }: { host: string; ending: AbortController }) {
    this.#process = process;
    this.#host = host;
    this.#ending = ending;
    this.#sentinel = createSentinel();
    this.#budget = new OutputBudget({ label: "a command in a shell", onSpent: (error) => this.#overflowBy(error) });
    const mayKeep = (bytes: number) => this.#budget.take(bytes);
    this.#stdout = new SentinelOutput(process.stdout, this.#sentinel, mayKeep);
    this.#stderr = new SentinelOutput(process.stderr, this.#sentinel, mayKeep);
    process.stdin.on("error", () => {});
    process.stdin.write(`${this.#sentinel}\n${prologue}`);
  }

  /** Whether the shell is gone: it ran `exit`, a command timed out, the container stopped, or the link broke. */
  get ended(): boolean {
    return this.#ended || this.#stdout.ended;
  }

  /**
   * Runs one command; call again only when it has settled.
   * @throws OttoError `HOST_SHELL_LOST` when the shell went away without an exit code, `COMMAND_OUTPUT_LIMIT`
   */
  async run(command: string, deadline: Deadline, maxOutputBytes?: number): Promise<CommandResult> {
    this.#budget.renew(maxOutputBytes);
    const close = () => void this.close();
    deadline.signal.addEventListener("abort", close, { once: true });
    if (deadline.signal.aborted) close();
    try {
      this.#process.stdin.write(frame(command, this.#sentinel));
      const outputs = [this.#stdout.next(), this.#stderr.next()] as const;
      await this.#hasten(outputs);
      const [stdout, stderr] = await Promise.all(outputs);
      return await this.#result(stdout, stderr, deadline);
    } finally {
      deadline.signal.removeEventListener("abort", close);
    }
  }

  /** What runs in the background may say too much while no command runs: the next one then has a new shell. */
  #overflowBy(error: OttoError): void {
    this.#overflow = error;
    void this.close();
  }

  /** Ends the shell and what runs in it. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#ending.abort();
    await this.#process.exit.catch(() => {});
  }

  /**
   * sshd leaves Nagle's algorithm on: of two small packets, the second waits until the first is acknowledged, which takes
   * our side 40 ms when it has nothing to say. So it says something that no shell minds.
   */
  async #hasten(outputs: readonly Promise<unknown>[]): Promise<void> {
    let waiting = outputs.length;
    for (const output of outputs) void output.then(() => (waiting -= 1));
    await Promise.race(outputs);
    if (waiting > 0) this.#process.stdin.write("\n");
  }

  async #result({ bytes, line }: OutputSection, stderr: OutputSection, deadline: Deadline): Promise<CommandResult> {
    const outputs = { stdout: bytes, stderr: stderr.bytes };
    const [what, code] = line?.split(" ") ?? [];
    // What kept the sentinel from coming is known a moment later, and no more once we end the shell ourselves.
    if (what === undefined && !deadline.signal.aborted)
      await isWithin(
        this.#process.exit.catch(() => {}),
        settleMs,
      );
    if (what !== "done") void this.close();
    // It may have come behind the exit code, and before all of stderr.
    if (this.#overflow !== undefined) throw this.#overflow;
    if (code !== undefined) return { exitCode: Number(code), ...outputs, timedOut: false };
    if (deadline.passed) return { exitCode: timedOutExitCode, ...outputs, timedOut: true };
    deadline.signal.throwIfAborted();
    throw new OttoError("HOST_SHELL_LOST", `running a command on ${this.#host}: its shell went away`, {
      hint: "The next run starts a new shell; its directory and variables are gone.",
      cause: await this.#process.exit.then(
        () => undefined,
        (error: unknown) => error,
      ),
    });
  }
}

// `command eval`: a syntax error in a bare `eval` would end a POSIX shell. Quoted words are no aliases, and the sentinel is
// in two parts, so that neither what is traced nor what is echoed by `set -vx` looks like it.
function frame(command: string, sentinel: string): string {
  const report = `\\command \\echo ${sentinel.slice(0, 9)}""${sentinel.slice(9)} done "$1"`;
  return `\\command eval ${quoteWord(command)} </dev/null; { set -- "$?" "$@"; ${report} >&8; ${report} >&9; shift; } 2>/dev/null\n`;
}
