import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { connect } from "node:net";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createEngine } from "@otto/engine";
import { cleanText, OttoError } from "@otto/errors";
import { Collector } from "./collector.js";
import { spawnLocal } from "./local-process.js";
import type { Parent, ParentDocker } from "./parent.js";
import { exitCodeOf, runOnParent } from "./parent-exec.js";

export interface LocalParentOptions {
  readonly id: string;
  readonly docker: ParentDocker;
  /** The engine's socket; undefined: `/var/run/docker.sock`. */
  readonly socketPath: string | undefined;
  /** What commands here get as their environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** This machine as a parent. */
export function createLocalParent(options: LocalParentOptions): Parent {
  const { id, docker, env } = options;
  const engine = createEngine({
    name: id,
    dial: (signal) => dialSocket(options.socketPath ?? "/var/run/docker.sock", signal),
  });
  return {
    id,
    docker,
    engine,
    exec: (command, exec = {}) => runOnParent((argv, spawn) => spawnLocal(argv, spawn, env), command, exec),
    spawn: (argv, spawn = {}) => spawnLocal(argv, spawn, env),
    sendTree: (tar, remoteDir, send = {}) => unpack(tar, remoteDir, { env, signal: send.signal }),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function dialSocket(path: string, signal: AbortSignal | undefined): Promise<Duplex> {
  const socket = connect(path);
  await once(socket, "connect", { signal });
  return socket;
}

async function unpack(
  tar: Readable,
  directory: string,
  options: { env: LocalParentOptions["env"]; signal: AbortSignal | undefined },
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const process = await spawnLocal(
    ["tar", "-x", "-p", "-f", "-", "-C", directory],
    { signal: options.signal },
    options.env,
  );
  const stderr = new Collector(process.stderr);
  process.stdout.resume();
  const [exit] = await Promise.all([process.exit, pipeline(tar, process.stdin)]);
  if (exitCodeOf(exit) === 0) return;
  throw new OttoError(
    "HOST_SEND_TREE_FAILED",
    `unpacking files into ${directory}: ${cleanText((await stderr.finished()).toString()).trim()}`,
  );
}
