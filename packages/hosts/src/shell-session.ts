import { randomBytes } from "node:crypto";
import type { ContainerProcess } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { type CommandResult, timedOutExitCode } from "./command.js";
import type { Deadline } from "./deadline.js";
import { tiedShell } from "./lifetime-wrapper.js";
import { MarkedOutput, type MarkedPiece } from "./marked-output.js";

/** Keeps the session's own outputs, so that a command that redirects the shell's does not cut us off. */
const prologue = "exec 8>&1 9>&2\n";

/**
 * One POSIX shell that keeps its directory, variables, functions and options between commands. After each command it
 * prints an unguessable marker with the exit code on stdout and stderr, so both outputs are exact and apart.
 */
export class ShellSession {
  readonly #process: ContainerProcess;
  readonly #endMarker: string;
  readonly #stdout: MarkedOutput;
  readonly #stderr: MarkedOutput;
  #ended = false;

  /** @param start runs argv with a stdin in the container */
  static async open(start: (argv: readonly string[]) => Promise<ContainerProcess>): Promise<ShellSession> {
    const endMarker = createMarker();
    return new ShellSession(await start(tiedShell(endMarker)), endMarker);
  }

  private constructor(process: ContainerProcess, endMarker: string) {
    this.#process = process;
    this.#endMarker = endMarker;
    this.#stdout = new MarkedOutput(process.stdout);
    this.#stderr = new MarkedOutput(process.stderr);
    process.stdin.on("error", () => {});
    process.stdin.write(prologue);
  }

  /** Whether the shell is gone: it ran `exit`, a command timed out, or the container stopped. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Runs one command; call again only when it has settled.
   * @throws OttoError `HOST_SHELL_LOST` when the shell went away without an exit code
   */
  async run(command: string, deadline: Deadline): Promise<CommandResult> {
    const marker = createMarker();
    const close = () => this.close();
    deadline.signal.addEventListener("abort", close, { once: true });
    try {
      const outputs = Promise.all([this.#stdout.until([marker, this.#endMarker]), this.#stderr.until([marker])]);
      this.#process.stdin.write(frame(command, marker));
      const [stdout, stderr] = await outputs;
      if (stdout.marker !== marker) this.close();
      return await this.#result(stdout, stderr.bytes, deadline);
    } finally {
      deadline.signal.removeEventListener("abort", close);
    }
  }

  /** Ends the shell and what runs in it. */
  close(): void {
    this.#ended = true;
    this.#process.disconnect();
  }

  async #result({ bytes: stdout, exitCode }: MarkedPiece, stderr: Buffer, deadline: Deadline): Promise<CommandResult> {
    if (exitCode !== undefined) return { exitCode, stdout, stderr, timedOut: false };
    if (deadline.passed) return { exitCode: timedOutExitCode, stdout, stderr, timedOut: true };
    deadline.signal.throwIfAborted();
    throw new OttoError("HOST_SHELL_LOST", "the container's shell went away while a command ran", {
      hint: "The next run starts a new shell; its directory and variables are gone.",
    });
  }
}

function createMarker(): string {
  return randomBytes(16).toString("hex");
}

// `command eval`: a syntax error in a bare `eval` would end a POSIX shell.
function frame(command: string, marker: string): string {
  const report = `printf '%s %d\\n' ${marker} "$1"`;
  return `command eval ${quote(command)} </dev/null; { set -- "$?" "$@"; ${report} >&8; ${report} >&9; shift; }\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
