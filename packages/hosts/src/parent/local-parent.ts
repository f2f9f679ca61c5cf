import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createEngine } from "@otto/engine";
import { runToEnd, sendTree } from "ssh2-streamer";
import { createTransfer } from "../files/file-transfer.js";
import { localFiles } from "../files/local-files.js";
import { forwardFromParent } from "../forward/parent-forward.js";
import { addressEngine, type DeclaredDocker } from "./engine-address.js";
import { findLocalSocket } from "./local-engine.js";
import { loginLocal } from "./local-login.js";
import { spawnLocal } from "./local-process.js";
import type { Parent } from "./parent.js";
import { execOnParent, openParentShells, type Spawn, tellStarted } from "./parent-exec.js";

export interface LocalParentOptions {
  readonly id: string;
  readonly docker: DeclaredDocker;
  /** The engine's socket; undefined: what `docker.command` names, else what `docker` with `env` asks. */
  readonly socketPath: string | undefined;
  /** What commands here get as their environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const neverAborted = new AbortController().signal;

/**
 * This machine as a parent. Where it has no one engine, the first use of it fails with `HOST_ENGINE_AMBIGUOUS` or
 * `HOST_ENGINE_NOT_LOCAL`.
 */
export function createLocalParent(options: LocalParentOptions): Parent {
  const { id, env } = options;
  let found: ReturnType<typeof addressEngine> | undefined;
  // Once: a context that is changed meanwhile must not lead half of the work to another engine.
  const address = () => (found ??= addressEngine(id, options, () => findLocalSocket(id, env)));
  const engine = createEngine({
    name: id,
    dial: async (signal) => dialSocket(address().socketPath, signal),
  });
  const spawn: Spawn = (argv, spawning) => spawnLocal(argv, spawning, env);
  const spawnTold = tellStarted(id, spawn);
  const shells = openParentShells(id, spawn);
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
    login: (terminal, login = {}) => loginLocal(terminal, login, env),
    ...createTransfer(id, () => localFiles(id, "this machine")),
    dialTcp,
    forward: (localPort, remotePort, forward = {}) =>
      forwardFromParent({ id, dialTcp, spawn }, { localPort, remotePort }, forward),
    sendTree: (tar, remoteDir, sending) =>
      sendTree(
        (argv, { stdin, signal = neverAborted }) =>
          runToEnd((ending) => spawn(argv, { signal: ending }), { label: `tar on ${id}`, stdin, signal }),
        { tar, remoteDir, name: id },
        sending,
      ),
    async [Symbol.asyncDispose]() {
      await shells[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

function dialSocket(path: string, signal: AbortSignal | undefined): Promise<Duplex> {
  return opened(connect(path), signal);
}

function dialTcp(host: string, port: number, signal?: AbortSignal): Promise<Duplex> {
  return opened(connect({ host, port, allowHalfOpen: true, noDelay: true }), signal);
}

async function opened(socket: Socket, signal: AbortSignal | undefined): Promise<Socket> {
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
