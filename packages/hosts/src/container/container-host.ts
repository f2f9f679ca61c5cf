import type { Readable } from "node:stream";
import { anySignal, createDeadline, type Deadline, forgetLastStat, OttoError, startDeadline } from "@otto/errors";
import type { RemoteProcess } from "ssh2-streamer";
import { projectLabel } from "../compose/compose-labels.js";
import { HostFaults } from "../faults/host-faults.js";
import type { CopyOptions, CopyResult } from "../files/copy.js";
import { createTransfer, type FileTransfer } from "../files/file-transfer.js";
import type { HostFiles } from "../files/host-files.js";
import { dialContainer } from "../forward/container-route.js";
import { type ForwardOptions, openForward, type PortForward } from "../forward/port-forward.js";
import type { Tunnel } from "../forward/tunnel.js";
import type { LogLine } from "../logs/log-line.js";
import type { LogOptions } from "../logs/service-logs.js";
import {
  type Command,
  type CommandResult,
  checkArgv,
  defaultTimeoutMs,
  neverBegan,
  toArgv,
} from "../process/command.js";
import { type LoginOptions, type LoginTerminal, showProcess, sizeOf } from "../process/login.js";
import { type HostShell, HostShells, type RunOptions, type RunResult } from "../shell/host-shell.js";
import { ShellSession } from "../shell/shell-session.js";
import { type ContainerExecOptions, runInContainer } from "./container-exec.js";
import { ContainerFinder, type ContainerHostOptions, type FoundContainer } from "./container-finder.js";
import { type ContainerSpawnOptions, type ExecTarget, spawnInContainer } from "./container-process.js";
import { type WaitOptions, waitForCondition } from "./container-wait.js";
import { readHostLogs } from "./host-logs.js";
import { SparePool } from "./spare-pool.js";
import type { LogCondition, WaitCondition } from "./wait-condition.js";
import { WatchdogPool } from "./watchdog-pool.js";

export interface ContainerLoginOptions extends LoginOptions, Pick<ContainerSpawnOptions, "user" | "workdir" | "env"> {
  /** A program to run instead of a shell; needs no shell in the image. */
  readonly command?: readonly string[] | undefined;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Argv of the shell in a container. No login shell: a profile would replace the image's own PATH. */
const loginArgv: readonly string[] = [
  "/bin/sh",
  "-c",
  "if command -v bash >/dev/null 2>&1; then exec bash; else exec /bin/sh; fi",
];

/**
 * A service's container as a host. It is looked up by its labels, so a container that was recreated, or that moved to another
 * machine, is found again.
 */
export class DockerContainerHost implements AsyncDisposable, FileTransfer {
  /** What stays as it is when the container moves to another machine: of a host whose container does not, its id. */
  readonly key: string;
  readonly service: string;
  readonly project: string;
  readonly replica: number;
  readonly #shells = new HostShells((deadline) => this.#openShell(deadline));
  readonly #watchdogs = new Map<string, WatchdogPool>();
  readonly #spares = new Map<string, SparePool>();
  readonly #keepsSpare: boolean;
  readonly #transfer: FileTransfer;
  readonly #finder: ContainerFinder;
  readonly #faults: HostFaults;
  #closing = new AbortController();

  constructor(options: ContainerHostOptions) {
    this.key = options.key ?? options.id;
    this.service = options.service;
    this.project = options.project;
    this.replica = options.replica;
    // As docker cp.
    this.#transfer = createTransfer(options.id, (copy) => this.#openFiles(copy), "text");
    this.#keepsSpare = options.keepsSpare ?? true;
    this.#finder = new ContainerFinder(options);
    const isDry = true;
    this.#faults = new HostFaults({
      id: options.id,
      isMoving: this.#finder.isMoving,
      require: (which, signal) => this.#finder.require({ ...which, isDry }, signal),
    });
  }

  /** `<parent id>.<repo>.<service>`, in lower case, of the parent that the container was last found on. */
  get id(): string {
    return this.#finder.id;
  }

  /** Notes where the container is by now, as another host of the same {@link key} says; nothing where it does not move. */
  noteMoved({ id }: Pick<DockerContainerHost, "id">): void {
    this.#finder.noteId(id);
  }

  /**
   * Runs one command, apart from every other; safe to call concurrently. A string goes to `/bin/sh -c`, a list needs no
   * shell in the image. When the call ends, by itself, by timeout or abort, so does the command.
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_COMMAND_NOT_STARTED`, `COMMAND_OUTPUT_LIMIT`
   */
  async exec(command: Command, options: ContainerExecOptions = {}): Promise<CommandResult> {
    const argv = toArgv(command);
    using deadline = startDeadline(options.timeoutMs ?? defaultTimeoutMs, options.signal);
    const run = { ...options, deadline };
    try {
      return await this.#withContainer(deadline, (target) => runInContainer(target, argv, run));
    } catch (error) {
      if (deadline.passed) return neverBegan();
      throw error;
    }
  }

  /**
   * Starts a program that goes on when this call and its connection have ended, with its output thrown away.
   * @throws OttoError `HOST_NOT_RUNNING`, `ENGINE_REQUEST_FAILED` when it could not be started
   */
  async startDetached(argv: readonly string[], options: Omit<ContainerSpawnOptions, "terminal"> = {}): Promise<void> {
    checkArgv(argv);
    const { env, user, workdir, signal } = options;
    using unlimited = createDeadline(Number.POSITIVE_INFINITY, signal);
    const exec = { user, workdir, signal, containerName: this.id, ...(env && { env }) };
    await this.#withContainer(unlimited, ({ engine, container }) => engine.execDetached(container, argv, exec));
  }

  /**
   * Starts a program; the caller reads it to its end, or kills it. `kill` and an abort reach its children too.
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_COMMAND_NOT_STARTED`, which `exit` may reject with as well
   */
  async spawn(argv: readonly string[], options: ContainerSpawnOptions = {}): Promise<RemoteProcess> {
    checkArgv(argv);
    using unlimited = createDeadline(Number.POSITIVE_INFINITY, options.signal);
    return await this.#withContainer(unlimited, (target) => spawnInContainer(target, argv, options));
  }

  /**
   * Runs a command line in this host's own shell, which keeps its directory, variables and functions between calls.
   * Calls queue. After `exit` or a timeout the next call has a new shell, and says so.
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_NO_SHELL`, `HOST_SHELL_LOST`, `COMMAND_OUTPUT_LIMIT`
   */
  async run(commandLine: string, options: RunOptions = {}): Promise<RunResult> {
    return this.session("").run(commandLine, options);
  }

  /** A further shell, beside the host's own; the same for the same name. It ends with the host. */
  session(name: string): HostShell {
    return this.#shells.get(name);
  }

  /**
   * Gives the user of `terminal` a shell, `bash` where the image has it, or another program, until it ends.
   * @returns its exit code
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_NO_SHELL`, and what losing the link throws
   */
  async login(terminal: LoginTerminal, options: ContainerLoginOptions = {}): Promise<number> {
    const { term, command, ...spawning } = options;
    if (command !== undefined) checkArgv(command);
    using unlimited = createDeadline(Number.POSITIVE_INFINITY, options.signal);
    return await this.#withContainer(unlimited, async (target) => {
      if (command === undefined) this.#assertShell(target);
      const size = { ...sizeOf(terminal), term };
      return showProcess(
        await spawnInContainer(target, command ?? loginArgv, { ...spawning, terminal: size }),
        terminal,
      );
    });
  }

  /**
   * Copies files and trees of this machine into the container, as root, as `cp -r` would; a missing directory is made.
   * Works while the container is stopped, too. A file that is replaced changes in one step, where the container runs and
   * has `/bin/sh`. @throws as {@link FileTransfer.put}, and `HOST_NOT_RUNNING` when there is no container
   */
  put(sources: string | readonly string[], destination: string, options: CopyOptions = {}): Promise<CopyResult> {
    return this.#transfer.put(sources, destination, options);
  }

  /** Copies files and trees of the container to this machine. @throws as {@link FileTransfer.get}, `HOST_NOT_RUNNING` */
  get(sources: string | readonly string[], destination: string, options: CopyOptions = {}): Promise<CopyResult> {
    return this.#transfer.get(sources, destination, options);
  }

  /**
   * Unpacks a tar archive in a directory that is there, as `docker cp -` does: by the engine, which lets no entry leave it.
   * @throws OttoError `HOST_NOT_RUNNING` when there is no container, `ENGINE_REQUEST_FAILED`
   */
  async putArchive(tar: Readable, directory: string, { signal }: Pick<CopyOptions, "signal"> = {}): Promise<void> {
    const { engine, container } = await this.#finder.require({ all: true }, signal);
    await engine.writeArchive({ container: container.Id, path: directory, containerName: this.id }, tar, signal);
  }

  /**
   * A tar archive of what is at a path, as the engine makes it. The caller reads it to its end, or destroys it.
   * @throws as {@link putArchive}
   */
  async getArchive(path: string, { signal }: Pick<CopyOptions, "signal"> = {}): Promise<Readable> {
    const { engine, container } = await this.#finder.require({ all: true }, signal);
    return engine.readArchive({ container: container.Id, path, containerName: this.id }, signal);
  }

  /**
   * What the container wrote on its outputs, and with `follow` what it and those that take its place write, until the loop
   * is left, the signal fires or the host is closed. A cut link neither loses nor repeats a line.
   * @throws TypeError for a `since` or `tail` that is none; OttoError `HOST_NOT_RUNNING` when there is no container, not
   * even a stopped one
   */
  logs(options: LogOptions = {}): AsyncGenerator<LogLine, void> {
    const { id, project, service, replica } = this;
    const locate = async (signal: AbortSignal) => (await this.#finder.locate(signal))?.engine;
    const { isMoving } = this.#finder;
    const stackEngine = isMoving ? "swarm" : "compose";
    const logged = { id, project, service, replica, stackEngine, locate, isMoving } as const;
    return readHostLogs(logged, options, this.#closing.signal);
  }

  /**
   * Makes a port of this machine's loopback lead to a port of the container, that of the container which runs when a
   * connection is made. It is closed by disposal, by the signal and with the host.
   * @param localPort 0: one that is free
   * @throws TypeError for a port that is none; OttoError `HOST_NOT_RUNNING`, `HOST_PORT_UNAVAILABLE`
   */
  async forward(localPort: number, containerPort: number, options: ForwardOptions = {}): Promise<PortForward> {
    const closing = this.#closing.signal;
    const signal = anySignal(closing, options.signal);
    await this.#finder.require({ all: false }, signal);
    const dial = (dialing: AbortSignal) => this.#dial(containerPort, { isDry: false }, dialing);
    const target = { name: `${this.id}:${containerPort}`, dial };
    return openForward({ localPort, remotePort: containerPort }, target, { ...options, signal });
  }

  /**
   * Waits until the container has written a line, takes connections, answers by HTTP or passes its health check: the container
   * that is there at the time, also one that is started again or replaced meanwhile.
   * @param limit milliseconds, or with a signal. Default 30,000
   * @returns the line that was waited for
   * @throws TypeError for a condition that is none; OttoError `HOST_WAIT_TIMEOUT` with why it did not hold last,
   * `HOST_NO_HEALTHCHECK`, `HOST_NOT_RUNNING` when there is no container and its stack cannot be brought up
   */
  waitFor(condition: LogCondition, limit?: number | WaitOptions): Promise<LogLine>;
  waitFor(condition: WaitCondition, limit?: number | WaitOptions): Promise<LogLine | undefined>;
  waitFor(condition: WaitCondition, limit: number | WaitOptions = {}): Promise<LogLine | undefined> {
    const { timeoutMs, signal } = typeof limit === "number" ? { timeoutMs: limit } : limit;
    const isDry = true;
    const waited = {
      ...{ id: this.id, service: this.service },
      labels: [projectLabel(this.project, this.#finder.isMoving ? "swarm" : "compose")],
      open: (ends: AbortSignal) => this.#finder.require({ all: true }, ends),
      require: (ends: AbortSignal) => this.#finder.require({ all: false, isDry }, ends),
      dial: (port: number, ends: AbortSignal) => this.#dial(port, { isDry }, ends),
      logs: (options: LogOptions) => this.logs(options),
    };
    return waitForCondition(waited, condition, { timeoutMs, signal: anySignal(this.#closing.signal, signal) });
  }

  async #dial(port: number, { isDry }: { readonly isDry: boolean }, signal: AbortSignal): Promise<Tunnel> {
    const found = await this.#finder.require({ all: false, isDry }, signal);
    const spawnInside = (argv: readonly string[]) => this.spawn(argv, { signal });
    return dialContainer({ ...found, name: `${this.id}:${port}`, spawnInside }, port, signal);
  }

  /**
   * Stops the container on purpose: `up` leaves it alone, whoever calls it, until `start`, `undoFaults` or the end of the scope,
   * which has it run again; so does the parent within seconds when this process or its link dies. The scope is the `composed`
   * around it, or a test of `@otto/vitest`, and at most the life of the host. So are `kill` and `pause`.
   * @param options `stopTimeout`: seconds before it is killed. Default: the container's own, else 10
   * @throws OttoError `HOST_NOT_RUNNING`, `HOST_FAULT_FAILED`
   */
  stop({ signal, ...options }: Abortable & { readonly stopTimeout?: number | undefined } = {}): Promise<void> {
    return this.#faults.add({ do: "stop", ...options }, signal);
  }

  /** Kills it as {@link stop} stops it. @param options `killSignal`: a name or number. Default `KILL` */
  kill({ signal, killSignal }: Abortable & { readonly killSignal?: string | undefined } = {}): Promise<void> {
    return this.#faults.add({ do: "kill", signal: killSignal }, signal);
  }

  /** Halts its processes, as {@link stop}. */
  pause({ signal }: Abortable = {}): Promise<void> {
    return this.#faults.add({ do: "pause" }, signal);
  }

  /** Undoes what `stop`, `kill` and `pause` did, and starts the container if somebody else stopped it. @throws as {@link stop}, `HOST_FAULT_LEFT` */
  start({ signal }: Abortable = {}): Promise<void> {
    return this.#faults.runAgain(signal);
  }

  /** The same as {@link start}. */
  unpause(options: Abortable = {}): Promise<void> {
    return this.start(options);
  }

  /** Stops it and starts it again; nothing is left to undo. @throws as {@link start} */
  restart({ signal, stopTimeout }: Abortable & { readonly stopTimeout?: number | undefined } = {}): Promise<void> {
    return this.#faults.restart(stopTimeout, signal);
  }

  /** Undoes what `stop`, `kill` and `pause` of this host did. @throws OttoError `HOST_FAULT_LEFT` */
  undoFaults(): Promise<void> {
    return this.#faults.undo();
  }

  /**
   * Ends the shells, every command that still runs and what follows the logs or forwards a port, and undoes faults. The container
   * goes on.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#closing = new AbortController();
    // What cannot be undone is the parent's to undo.
    await this.#faults.undo().catch(() => {});
    for (const spares of this.#spares.values()) spares.close();
    await this.#shells[Symbol.asyncDispose]();
    await Promise.all([...this.#watchdogs.values()].map((watchdogs) => watchdogs.close()));
  }

  #openShell(deadline: Deadline): Promise<ShellSession> {
    return this.#withContainer(deadline, (target) => {
      this.#assertShell(target);
      return ShellSession.open((argv, signal) => spawnInContainer(target, argv, { signal }), {
        host: this.id,
        signal: deadline.signal,
      });
    });
  }

  #assertShell({ hasShell }: ExecTarget): void {
    if (hasShell) return;
    throw new OttoError("HOST_NO_SHELL", `${this.id}: its image has no /bin/sh`, {
      hint: "Use exec with a list of arguments.",
      details: { host: this.id },
    });
  }

  #withContainer<T>(deadline: Deadline, use: (target: ExecTarget) => Promise<T>): Promise<T> {
    return this.#finder.use(deadline, (found) => {
      const pools = { watchdogs: this.#watchdogsOf(found), spares: this.#sparesOf(found) };
      return use({ host: this.id, ...pools, ...found });
    });
  }

  #sparesOf({ engine, container, hasShell }: FoundContainer): SparePool | undefined {
    if (!this.#keepsSpare || !hasShell) return undefined;
    const spares = this.#spares.get(container) ?? new SparePool(engine, { container, host: this.id });
    this.#spares.set(container, spares);
    return spares;
  }

  #watchdogsOf({ engine, container }: FoundContainer): WatchdogPool {
    const watchdogs = this.#watchdogs.get(container) ?? new WatchdogPool(engine, { container, host: this.id });
    this.#watchdogs.set(container, watchdogs);
    return watchdogs;
  }

  async #openFiles({ signal, dryRun: isDry = false }: CopyOptions): Promise<HostFiles> {
    const { engine, container } = await this.#finder.require({ all: true, isDry }, signal);
    forgetLastStat();
    const { openContainerFiles } = await import("../files/container-files.js");
    return openContainerFiles({ engine, container: container.Id, host: this.id }, signal);
  }
}
