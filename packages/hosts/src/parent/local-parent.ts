import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createEngine } from "@otto/engine";
import { runToEnd, sendTree } from "ssh2-streamer";
import { addressEngine, type DeclaredDocker } from "./engine-address.js";
import { findLocalSocket } from "./local-engine.js";
import { loginLocal } from "./local-login.js";
import { spawnLocal } from "./local-process.js";
import { createParent, type Parent } from "./parent.js";
import type { Spawn } from "./parent-exec.js";

export interface LocalParentOptions {
  readonly id: string;
  readonly docker: DeclaredDocker;
  /** The engine's socket; undefined: what `docker.command` names, else what `docker` with `env` asks. */
  readonly socketPath: string | undefined;
  /** What commands here get as their environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

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
  return createParent({
    id,
    engine,
    docker: address,
    spawn,
    files: async () => (await import("../files/local-files.js")).localFiles(id, "this machine"),
    login: (terminal, login) => loginLocal(terminal, login, env),
    dialTcp,
    sendTree: (tar, remoteDir, sending) =>
      sendTree(
        (argv, { stdin, signal }) =>
          runToEnd((ending) => spawn(argv, { signal: ending }), { label: `tar on ${id}`, stdin, signal }),
        { tar, remoteDir, name: id },
        sending,
      ),
    close: async () => {},
  });
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
