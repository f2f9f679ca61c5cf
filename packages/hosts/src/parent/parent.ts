import type { Duplex, Readable } from "node:stream";
import type { Engine } from "@otto/engine";
import type { RemoteProcess, SpawnOptions } from "ssh2-streamer";
import { createTransfer, type FileTransfer } from "../files/file-transfer.js";
import type { HostFiles } from "../files/host-files.js";
import { forwardFromParent } from "../forward/parent-route.js";
import type { ForwardOptions, PortForward } from "../forward/port-forward.js";
import type { Command, CommandResult } from "../process/command.js";
import type { LoginOptions, LoginTerminal } from "../process/login.js";
import type { HostShell, RunOptions, RunResult } from "../shell/host-shell.js";
import type { ParentDocker } from "./engine-address.js";
import { execOnParent, openParentShells, type ParentExecOptions, reportStart, type Spawn } from "./parent-exec.js";

/** A machine with a Docker engine. Nothing is opened before the first call; calls may be made concurrently. */
export interface Parent extends AsyncDisposable, FileTransfer {
  /** The host's id in its lab. */
  readonly id: string;
  /** @throws OttoError `HOST_ENGINE_AMBIGUOUS`, `HOST_ENGINE_NOT_LOCAL` */
  readonly docker: ParentDocker;
  readonly engine: Engine;
  /**
   * Runs a command to its end. A string goes to `sh -c`.
   * @throws OttoError `HOST_COMMAND_NOT_STARTED` when the program or its directory is not there or may not be used,
   * `COMMAND_OUTPUT_LIMIT`
   */
  exec(command: Command, options?: ParentExecOptions): Promise<CommandResult>;
  /** Starts a command; the caller reads it to its end, or kills it. `exit` may reject with `HOST_COMMAND_NOT_STARTED`. */
  spawn(argv: readonly string[], options?: SpawnOptions): Promise<RemoteProcess>;
  /** Runs a command line in a shell that keeps its directory, variables and functions between calls. Calls queue. */
  run(commandLine: string, options?: RunOptions): Promise<RunResult>;
  /** A further shell, beside the one of `run`; the same for the same name. It ends with the parent. */
  session(name: string): HostShell;
  /**
   * Gives the user of `terminal` a login shell, until it ends; resolves to its exit code. On this machine the terminal
   * must be a real one, with a file descriptor.
   */
  login(terminal: LoginTerminal, options?: LoginOptions): Promise<number>;
  /**
   * Opens a stream to a TCP port as the parent sees it; over SSH by forwarding alone. The caller destroys it.
   * @throws OttoError `SSH_FORWARDING_REFUSED`, with `details.forbidden` where sshd forwards nothing; over no SSH what
   * `net.connect` throws
   */
  dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /**
   * Makes a port of this machine's loopback lead to a port of the parent's loopback. The caller disposes it.
   * @param localPort 0: one that is free
   * @throws TypeError for a port that is none; OttoError `HOST_PORT_UNAVAILABLE`
   */
  forward(localPort: number, remotePort: number, options?: ForwardOptions): Promise<PortForward>;
  /** Unpacks a tar stream into a directory, which is made when it is missing. */
  sendTree(tar: Readable, remoteDir: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** What parents of different kinds do each in their own way. */
export interface ParentParts extends Pick<Parent, "id" | "engine" | "dialTcp" | "sendTree"> {
  readonly docker: () => ParentDocker;
  readonly spawn: Spawn;
  readonly files: () => Promise<HostFiles>;
  readonly login: (terminal: LoginTerminal, options: LoginOptions) => Promise<number>;
  /** Called when shells and engine are closed. */
  readonly close: () => Promise<void>;
}

export function createParent(parts: ParentParts): Parent {
  const { id, engine, spawn, dialTcp, sendTree } = parts;
  const spawnReporting = reportStart(id, spawn);
  const shells = openParentShells(id, spawn);
  return {
    id,
    get docker() {
      return parts.docker();
    },
    engine,
    exec: (command, exec = {}) => execOnParent({ id, spawn: spawnReporting }, command, exec),
    spawn: (argv, spawning = {}) => spawnReporting(argv, spawning),
    run: (commandLine, run) => shells.get("").run(commandLine, run),
    session: (name) => shells.get(name),
    login: (terminal, login = {}) => parts.login(terminal, login),
    ...createTransfer(id, parts.files),
    dialTcp,
    forward: (localPort, remotePort, forward = {}) =>
      forwardFromParent({ id, dialTcp, spawn }, { localPort, remotePort }, forward),
    sendTree,
    async [Symbol.asyncDispose]() {
      await shells[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await parts.close();
    },
  };
}
