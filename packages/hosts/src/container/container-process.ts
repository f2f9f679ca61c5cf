import { Writable } from "node:stream";
import type { ContainerProcess, Engine } from "@otto/engine";
import { abortable, isOttoError } from "@otto/errors";
import type { ProcessExit, RemoteProcess, Terminal } from "ssh2-streamer";
import { toRemoteProcess } from "../process/engine-process.js";
import { createSentinel } from "../process/sentinel-lines.js";
import { notStarted, readStartReport, type StartReport } from "../process/start-report.js";
import { announcedCommand, announcedTerminalCommand, type SpareRequest, watchedCommand } from "./lifetime-scripts.js";
import type { SetSpare } from "./spare.js";
import type { SparePool } from "./spare-pool.js";
import type { Watchdog } from "./watchdog.js";
import type { HeldWatchdog, WatchdogPool } from "./watchdog-pool.js";
import { startWatched, type WatchedProcess } from "./watched-process.js";

/** Where a command runs: `hasShell` says whether the image has `/bin/sh`. */
export interface ExecTarget {
  readonly engine: Engine;
  readonly container: string;
  readonly hasShell: boolean;
  readonly watchdogs: WatchdogPool;
  /** Default: none are kept. */
  readonly spares?: SparePool | undefined;
  /** For messages. */
  readonly host: string;
}

export interface ContainerSpawnOptions {
  /** Default: the image's. */
  readonly user?: string | undefined;
  /** Default: the image's. */
  readonly workdir?: string | undefined;
  /** Added to the container's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Ends the process, children included, and makes `exit` reject with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the process a terminal; `stderr` then is empty. */
  readonly terminal?: Terminal | undefined;
}

/**
 * Starts a command whose stdin is open to the caller. A watchdog ends it with our connection, where the image has a shell.
 * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program could not be started; `exit` may reject with it
 */
export async function spawnInContainer(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<RemoteProcess> {
  options.signal?.throwIfAborted();
  if (!target.hasShell) return spawnBare(target, argv, options);
  try {
    return await spawnHeld(target, argv, options);
  } catch (error) {
    // That it was lost some time ago may be learned now; the command has not begun.
    if (!isOttoError(error, "HOST_LIFELINE_LOST")) throw error;
    return spawnHeld(target, argv, options);
  }
}

async function spawnHeld(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<RemoteProcess> {
  const held = await target.watchdogs.hold(options.user, options.signal);
  try {
    return await spawnTied({ target, argv, held }, options);
  } catch (error) {
    held.release();
    throw error;
  }
}

/** Starts a command without stdin, which a script of its own ends with our connection, where the image has a shell. */
export async function spawnWithoutStdin(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<RemoteProcess> {
  if (!target.hasShell) return spawnBare(target, argv, options);
  const spared = await setSpare(target, { argv, hasStdin: false }, options);
  spared?.process.stdin.write("\n");
  const { process, report } = spared ?? (await beginWatched(target, argv, options));
  const unread = new Writable({ write: (_chunk, _encoding, callback) => callback() });
  return toRemoteProcess(
    { ...process, stdin: unread, stderr: report.output, exit: readExit(process, report, nameOf(target, argv)) },
    { end: () => {}, kill: () => process.disconnect() },
    options.signal,
  );
}

/** A process that was started ahead and knows the command by now; it begins at a further line. Undefined: there is none. */
async function setSpare(
  { spares }: ExecTarget,
  command: Pick<SpareRequest, "argv" | "hasStdin">,
  { user, env = {}, workdir, signal }: ContainerSpawnOptions,
): Promise<SetSpare | undefined> {
  return spares?.set({ ...command, env, workdir }, { user, signal });
}

async function beginWatched(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<WatchedProcess> {
  const begun = await startWatched((reportedExitCode) =>
    target.engine.exec(target.container, watchedCommand(argv), { ...toExecOptions(target, options), reportedExitCode }),
  );
  forgoIfScarce(target, begun.process);
  return begun;
}

/** A process that waits would keep a session that others wait for. */
function forgoIfScarce({ spares }: ExecTarget, { isScarce }: ContainerProcess): void {
  if (isScarce) spares?.forgo();
}

interface Tied {
  readonly target: ExecTarget;
  readonly argv: readonly string[];
  readonly held: HeldWatchdog;
}

async function spawnTied({ target, argv, held }: Tied, options: ContainerSpawnOptions): Promise<RemoteProcess> {
  const { watchdog } = held;
  const { terminal, signal } = options;
  const spared = terminal ? undefined : await setSpare(target, { argv, hasStdin: true }, options);
  const { process, report, pid } = spared ?? (await announce(target, argv, options));
  try {
    await abortable(readyToRun(process, { pid, watchdog, terminal }), signal);
  } catch (error) {
    process.disconnect();
    signal?.throwIfAborted();
    throw error;
  }
  process.stdin.write("\n");
  // The sentinels of a terminal say when the command begins, not whether.
  const exit = readExit(process, terminal ? undefined : report, nameOf(target, argv));
  const outputs = terminal ? { stdout: report.output } : { stderr: report.output };
  const end = () => watchdog.end(pid);
  exit.then(() => watchdog.forget(pid), end).finally(() => held.release());
  return toRemoteProcess({ ...process, ...outputs, exit }, { end, kill: (name) => watchdog.signal(pid, name) }, signal);
}

/** Starts the script of a command, which begins at a further line. */
async function announce(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<SetSpare> {
  const { terminal, signal } = options;
  const sentinel = createSentinel();
  const command = terminal ? announcedTerminalCommand(sentinel, argv) : announcedCommand(argv);
  const process = await target.engine.exec(target.container, command, toExecOptions(target, options));
  forgoIfScarce(target, process);
  try {
    const report = readStartReport(terminal ? process.stdout : process.stderr, sentinel, { muted: terminal ? 2 : 0 });
    if (!terminal) process.stdin.write(`${sentinel}\n`);
    // Losing the link may be learned elsewhere first.
    const pid = await abortable(report.first, signal);
    if (pid !== undefined) return { process, report, pid };
    await readExit(process, terminal ? undefined : report, nameOf(target, argv));
    throw notStarted(nameOf(target, argv), "it ended before it began");
  } catch (error) {
    process.disconnect();
    signal?.throwIfAborted();
    throw error;
  }
}

async function readyToRun(
  process: ContainerProcess,
  { pid, watchdog, terminal }: { pid: string; watchdog: Watchdog; terminal: Terminal | undefined },
): Promise<void> {
  if (terminal) await process.resize(terminal.columns, terminal.rows);
  await watchdog.watch(pid);
}

/** Nothing in the container can end the command there: it sees the end of its stdin, and closed outputs. */
async function spawnBare(
  target: ExecTarget,
  argv: readonly string[],
  options: ContainerSpawnOptions,
): Promise<RemoteProcess> {
  const { terminal, signal } = options;
  const process = await target.engine.exec(target.container, argv, toExecOptions(target, options));
  try {
    if (terminal) await abortable(process.resize(terminal.columns, terminal.rows), signal);
  } catch (error) {
    process.disconnect();
    throw error;
  }
  const exit = readExit(process, undefined, nameOf(target, argv));
  return toRemoteProcess({ ...process, exit }, { end: () => {}, kill: () => process.disconnect() }, signal);
}

function toExecOptions({ host }: ExecTarget, { env, user, workdir, terminal, signal }: ContainerSpawnOptions) {
  const variables = { ...env, ...(terminal && { TERM: terminal.term ?? "xterm-256color" }) };
  return { env: variables, user, workdir, terminal: terminal !== undefined, stdin: true, signal, containerName: host };
}

async function readExit(
  process: ContainerProcess,
  report: StartReport | undefined,
  name: string,
): Promise<ProcessExit> {
  const { exitCode, started, reason } = await process.exit;
  if (!started) throw notStarted(name, reason);
  const refusal = await report?.refusal;
  if (refusal !== undefined) throw notStarted(name, refusal);
  return { exitCode };
}

/** What runs and where, for messages. */
export function nameOf({ host }: ExecTarget, argv: readonly string[]): string {
  return `running ${argv[0] ?? "nothing"} on ${host}`;
}
