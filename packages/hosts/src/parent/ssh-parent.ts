import { createEngine } from "@otto/engine";
import { openSshSession, type SshEventListener, type SshRoute } from "ssh2-streamer";
import { createTransfer } from "../files/file-transfer.js";
import { parentFiles } from "../files/parent-files.js";
import { forwardFromParent } from "../forward/parent-forward.js";
import { showProcess, sizeOf } from "../process/login.js";
import { addressEngine, type DeclaredDocker } from "./engine-address.js";
import type { Parent } from "./parent.js";
import { execOnParent, openParentShells, type Spawn, tellStarted } from "./parent-exec.js";

export interface SshParentOptions {
  readonly id: string;
  /** From the first hop to the parent itself. */
  readonly route: SshRoute;
  readonly docker: DeclaredDocker;
  /**
   * The engine's socket on the parent; undefined: what `docker.command` names, else `/var/run/docker.sock`. What the
   * login's environment or docker context names is not used.
   */
  readonly socketPath: string | undefined;
  readonly onEvent?: SshEventListener | undefined;
}

/**
 * A parent over SSH: one session for everything. Where `docker.command` and `socketPath` name different engines, the first
 * use of its engine fails with `HOST_ENGINE_AMBIGUOUS`.
 */
export function createSshParent(options: SshParentOptions): Parent {
  const { id } = options;
  const address = () => addressEngine(id, options);
  const session = openSshSession(options.route, { onEvent: options.onEvent });
  const dial = async (signal?: AbortSignal) => {
    const { socketPath, client } = address();
    return session.dialEngine({ socketPath, dockerCommand: client, signal });
  };
  const engine = createEngine({ name: id, dial });
  const spawn: Spawn = (argv, spawning) => session.spawn(argv, spawning);
  const spawnTold = tellStarted(id, spawn);
  const shells = openParentShells(id, spawn);
  const dialTcp = (host: string, port: number, signal?: AbortSignal) => session.forwardTcp(host, port, signal);
  return {
    id,
    get docker() {
      return address();
    },
    engine,
    exec: (command, exec = {}) => execOnParent({ id, spawn: spawnTold }, command, exec),
    spawn: (argv, spawning = {}) => spawnTold(argv, spawning),
    run: (commandLine, run) => shells.get("").run(commandLine, run),
    session: (name) => shells.get(name),
    login: async (terminal, { term, signal } = {}) =>
      showProcess(await session.shell({ terminal: { ...sizeOf(terminal), term }, signal }), terminal),
    ...createTransfer(id, () => parentFiles(id, spawn)),
    dialTcp,
    forward: (localPort, remotePort, forward = {}) =>
      forwardFromParent({ id, dialTcp, spawn }, { localPort, remotePort }, forward),
    sendTree: (tar, remoteDir, send) => session.sendTree(tar, remoteDir, send),
    async [Symbol.asyncDispose]() {
      await shells[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await session.close();
    },
  };
}
