import type { ContainerSummary, Engine } from "@otto/engine";
import { isOttoError, OttoError } from "@otto/errors";
import pLimit from "p-limit";
import { type Command, type CommandResult, defaultTimeoutMs, toArgv } from "./command.js";
import { type ContainerExecOptions, type ExecTarget, runInContainer } from "./container-exec.js";
import { startDeadline } from "./deadline.js";
import { ShellSession } from "./shell-session.js";

export interface ContainerHostOptions {
  /** `<parent id>.<repo>.<service>`, in lower case; a further replica has `.<number>` behind it. */
  readonly id: string;
  readonly service: string;
  /** The Compose project that the container belongs to. */
  readonly project: string;
  /** 1 for the first replica. */
  readonly replica: number;
  readonly engine: Engine;
}

export interface RunOptions {
  /** Milliseconds; `Infinity` for none. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

interface FoundContainer {
  readonly container: string;
  readonly hasShell: boolean;
}

/** A service's container as a host. It is looked up by its Compose labels, so a recreated container is found again. */
export class DockerContainerHost implements AsyncDisposable {
  readonly id: string;
  readonly service: string;
  readonly project: string;
  readonly replica: number;
  readonly #engine: Engine;
  readonly #runQueue = pLimit(1);
  #found: Promise<FoundContainer> | undefined;
  #session: ShellSession | undefined;

  constructor(options: ContainerHostOptions) {
    this.id = options.id;
    this.service = options.service;
    this.project = options.project;
    this.replica = options.replica;
    this.#engine = options.engine;
  }

  /**
   * Runs one command, apart from every other; safe to call concurrently. A string goes to `/bin/sh -c`, a list needs no
   * shell in the image. When the call ends, by itself, by timeout or abort, so does the command.
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_COMMAND_NOT_STARTED`
   */
  async exec(command: Command, options: ContainerExecOptions = {}): Promise<CommandResult> {
    return this.#withContainer(options.signal, (target) => runInContainer(target, toArgv(command), options));
  }

  /**
   * Runs a command line in this host's shell, which keeps its directory, variables and functions between calls. Calls
   * queue. After `exit` or a timeout the next call has a new shell.
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_NO_SHELL`, `HOST_SHELL_LOST`
   */
  async run(commandLine: string, options: RunOptions = {}): Promise<CommandResult> {
    return this.#runQueue(async () => {
      using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
      deadline.signal.throwIfAborted();
      if (this.#session === undefined || this.#session.ended) this.#session = await this.#openSession(options.signal);
      // Awaited here: the deadline lives as long as this scope.
      return await this.#session.run(commandLine, deadline);
    });
  }

  /** Ends the shell. The container goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.close();
    this.#session = undefined;
  }

  #openSession(signal: AbortSignal | undefined): Promise<ShellSession> {
    return this.#withContainer(signal, ({ engine, container, hasShell }) => {
      if (!hasShell) throw noShell(this.id);
      return ShellSession.open((argv) => engine.exec(container, argv, { stdin: true, signal }));
    });
  }

  /** The container may have been replaced since it was found: then it is looked up once more. */
  async #withContainer<T>(signal: AbortSignal | undefined, use: (target: ExecTarget) => Promise<T>): Promise<T> {
    const known = this.#found !== undefined;
    try {
      return await use(await this.#target(signal));
    } catch (error) {
      if (!isOttoError(error, "ENGINE_REQUEST_FAILED")) throw error;
      this.#found = undefined;
      if (!known) throw error;
      return await use(await this.#target(signal));
    }
  }

  async #target(signal: AbortSignal | undefined): Promise<ExecTarget> {
    this.#found ??= this.#find(signal).catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    return { engine: this.#engine, host: this.id, ...(await this.#found) };
  }

  async #find(signal: AbortSignal | undefined): Promise<FoundContainer> {
    const labels = [`com.docker.compose.project=${this.project}`, `com.docker.compose.service=${this.service}`];
    const containers = await this.#engine.listContainers({ labels }, signal);
    const container = containers.find((candidate) => replicaOf(candidate) === this.replica)?.Id;
    if (container === undefined) {
      throw new OttoError("HOST_NOT_RUNNING", `${this.id}: no container of the service ${this.service} runs`, {
        hint: "Bring the stack up: otto docker up",
        details: { host: this.id },
      });
    }
    return { container, hasShell: await this.#engine.hasPath({ container, path: "/bin/sh" }, signal) };
  }
}

function replicaOf(container: ContainerSummary): number {
  return Number(container.Labels["com.docker.compose.container-number"] ?? 1);
}

function noShell(host: string): OttoError {
  return new OttoError("HOST_NO_SHELL", `${host}: run needs /bin/sh, which its image does not have`, {
    hint: "Use exec with a list of arguments.",
    details: { host },
  });
}
