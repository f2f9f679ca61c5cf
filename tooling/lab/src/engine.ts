import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** How an engine is started: a command line that lasts as long as it. */
export type EngineProgram = (places: EnginePlaces) => readonly string[];

export interface EnginePlaces {
  /** Its own. */
  readonly directory: string;
  readonly dataRoot: string;
  /** The socket, as a URL. */
  readonly address: string;
}

export const dockerd: EngineProgram = (places) => [...unshare, "dockerd", ...dockerdOptions(places)];

/** Docker 20.10, which the set-up of the tests lays beside the machine's own. */
export const oldDockerd: EngineProgram = (places) => [
  ...[...unshare, "/var/lib/otto-old-engine/usr/sbin/dockerd"],
  ...dockerdOptions(places),
];

// A network namespace of its own: an engine without a bridge removes that of the machine's engine. A mount namespace: what
// an engine that is killed leaves mounted goes with it.
const unshare = ["unshare", "--net", "--mount"];

const dockerdOptions = ({ directory, dataRoot, address }: EnginePlaces) => [
  ...["--host", address, "--data-root", dataRoot, "--exec-root", join(directory, "exec")],
  ...["--pidfile", join(directory, "pid"), "--bridge", "none", "--iptables=false"],
];

export const podman: EngineProgram = ({ directory, dataRoot, address }) => [
  ...["podman", "--log-level", "info", "--root", dataRoot, "--runroot", join(directory, "run")],
  ...["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"],
  ...["system", "service", "--time", "0", address],
];

/** An engine with a directory and a socket of its own, empty at first, and no network but the host's. */
export interface TestEngine extends AsyncDisposable {
  /** Where it keeps all that it has. */
  readonly dataRoot: string;
  readonly socketPath: string;
  /** For `docker --host`. */
  readonly address: string;
  /** Stops it, whatever it does. */
  stop(): Promise<void>;
  /** Stops it and starts it again. */
  restart(): Promise<void>;
}

export async function startEngine(program: EngineProgram = dockerd): Promise<TestEngine> {
  const directory = await mkdtemp(join(tmpdir(), "otto-engine-"));
  // The socket itself is for root and the engine's group.
  await chmod(directory, 0o755);
  const dataRoot = join(directory, "data");
  const socketPath = join(directory, "docker.sock");
  const address = `unix://${socketPath}`;
  const start = () => launch(program({ directory, dataRoot, address }));
  let child = await start();
  return {
    dataRoot,
    socketPath,
    address,
    stop: () => end(child),
    restart: async () => {
      await end(child);
      child = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await end(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const isReady = (line: string | undefined) => /API (service )?listen/.test(line ?? "");

async function launch([program = "", ...args]: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args);
  child.stdout?.resume();
  const said: string[] = [];
  if (child.stderr === null) throw new Error("dockerd has a stderr");
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    if (isReady(line)) break;
  }
  child.stderr.resume();
  if (!isReady(said.at(-1))) throw new Error(`${program} ${args[1]} ended:\n${said.slice(-5).join("\n")}`);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}
