import { abortable, anySignal, type Deadline, OttoError, startDeadline } from "@otto/errors";
import pLimit from "p-limit";
import { type CommandResult, defaultTimeoutMs, neverBegan } from "../process/command.js";
import type { ShellSession } from "./shell-session.js";

export interface RunOptions {
  /** Milliseconds; when the stack has to be brought up, they begin after that. `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Of stdout and stderr together, with what background jobs have said since the last call; beyond it the shell is ended and
   * `COMMAND_OUTPUT_LIMIT` thrown. Default 64 MiB.
   */
  readonly maxOutputBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of a command line in a shell that is kept. */
export interface RunResult extends CommandResult {
  /** The command ran in a shell that replaced an earlier one, whose directory, variables and functions are gone. */
  readonly inNewShell: boolean;
}

/** Starts a shell, which is ended when the time is over before. */
export type OpenShell = (deadline: Deadline) => Promise<ShellSession>;

/** A shell on a host that keeps its directory, variables, functions and options between calls. */
export class HostShell implements AsyncDisposable {
  readonly #open: OpenShell;
  readonly #queue = pLimit(1);
  #closing = new AbortController();
  #session: ShellSession | undefined;

  /** @param open called at the first command, and at the next whenever the shell has ended */
  constructor(open: OpenShell) {
    this.#open = open;
  }

  /**
   * Runs a command line. Calls queue in their order; the time of each starts when its turn comes. After `exit`, a
   * timeout or an abort the next call has a new shell, and says so.
   * @throws OttoError `HOST_SHELL_LOST`, `COMMAND_OUTPUT_LIMIT`, and what opening a shell throws
   */
  async run(commandLine: string, options: RunOptions = {}): Promise<RunResult> {
    if (commandLine.includes("\0")) throw new TypeError("a command line must not hold NUL");
    const closing = this.#closing.signal;
    const signal = anySignal(closing, options.signal);
    return await abortable(
      this.#queue(() => this.#runNext(commandLine, { ...options, signal })),
      signal,
    );
  }

  /** Ends the shell and what runs in it; the calls that are under way or queued fail. A later call has a new shell. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(closedError());
    this.#closing = new AbortController();
    await this.#queue(() => this.#session?.close());
  }

  async #runNext(commandLine: string, options: RunOptions & { readonly signal: AbortSignal }): Promise<RunResult> {
    options.signal.throwIfAborted();
    using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
    const inNewShell = this.#session?.ended === true;
    try {
      if (this.#session === undefined || inNewShell) this.#session = await this.#open(deadline);
      deadline.signal.throwIfAborted();
    } catch (error) {
      if (deadline.passed) return { ...neverBegan(), inNewShell };
      throw error;
    }
    return { ...(await this.#session.run(commandLine, deadline, options.maxOutputBytes)), inNewShell };
  }
}

function closedError(): OttoError {
  return new OttoError("HOST_SHELL_LOST", "running a command: its shell was closed before the command had ended", {
    hint: "Wait for the calls before the host is closed.",
  });
}

/** The shells of one host, by name. */
export class HostShells implements AsyncDisposable {
  readonly #open: OpenShell;
  readonly #byName = new Map<string, HostShell>();

  constructor(open: OpenShell) {
    this.#open = open;
  }

  get(name: string): HostShell {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const shell = new HostShell(this.#open);
    this.#byName.set(name, shell);
    return shell;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#byName.values()].map((shell) => shell[Symbol.asyncDispose]()));
  }
}
