import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runCommand } from "../command.js";
import { type LabHost, startHost } from "../host.js";
import { startHeld } from "../keeper.js";
import type { KeyPair } from "../keys.js";
import { endOfLog, waitForLog } from "../log-file.js";
import type { HostOptions } from "../options.js";
import { formatConfig, type Sshd, type SshdFiles, sshdLog } from "../sshd.js";
import type { MachineBase } from "./base.js";
import { engineLog, labDirectory, type MachineLife, machineCommand, machineScript } from "./machine-command.js";

/** What a machine is like: as a host of a lab, but for what needs a user or a port on this machine. */
export interface MachineOptions extends Omit<HostOptions, "authentication" | "proxy" | "server"> {
  /** Whether it has a Docker engine. Default true. */
  readonly engine?: boolean;
  /** Further arguments for its dockerd. */
  readonly dockerd?: readonly string[];
}

/**
 * A machine: a network, processes, a host name and a disk of its own, an sshd on port 22, and an engine on the usual socket.
 * Its disk has what this machine's has at first, without `/tmp`, `/var/tmp`, `/run` and the user's home.
 */
export interface Machine extends LabHost {
  /** On the network of the machines: they and this process reach each other there, published ports too. */
  readonly address: string;
  /** A process of this machine that lasts as long as the machine is on. */
  readonly pid: number;
  /** Of its engine, for `docker --host`. */
  readonly engineAddress: string;
  /** Runs docker against its engine. @returns its stdout */
  runDocker(args: readonly string[], stdin?: string): Promise<string>;
  readEngineLog(): Promise<string>;
  /** Pulls the plug: all that runs on it, containers too, ends at once. Its disk stays as it is. */
  stop(): Promise<void>;
  /** Switches it on; resolves when its servers answer. Containers start again as their restart policies say. */
  start: LabHost["start"];
  /** Pulls its network cable: packets to and from it are lost, and no connection ends by that. */
  cut(): Promise<void>;
  /** Plugs the cable in again. */
  join(): Promise<void>;
}

export interface MachineSetting {
  readonly name: string;
  readonly options: MachineOptions;
  /** From 1 on, of its own among the machines of the base. */
  readonly number: number;
  readonly base: MachineBase;
  /** Exists. The machine makes one of its own in it. */
  readonly directory: string;
  readonly clientKey: KeyPair;
}

/** Starts one machine; `release` stops it. */
export async function startMachine(setting: MachineSetting): Promise<Machine & { release(): Promise<void> }> {
  const { name, number, base, directory, clientKey, options } = setting;
  const address = `${base.network}.${number + 10}`;
  const port = `m${number}`;
  const path = join(base.path, name);
  let portState: "up" | "down" = "up";
  await mkdir(join(path, "lab"), { recursive: true });
  const life = {
    basePid: base.pid,
    directory: join(base.directory, name),
    ...{ name, address, port },
    macAddress: macAddressOf(base, number),
    cgroup: `otto-machine-${basename(directory)}-${name}`,
    dockerd: (options.engine ?? true) ? (options.dockerd ?? []) : undefined,
    errorLogPath: join(directory, `${name}.log`),
  };
  const host = await startHost({
    ...{ name, options, directory, clientKey, address },
    user: { name: "root", password: undefined, homePath: "/root" },
    serve: (files, changed) => switchOn(files, changed, join(path, "lab"), { ...life, portState }),
  });
  const setPort = async (state: "up" | "down") => {
    portState = state;
    await base.setPort(port, state);
  };
  const engineAddress = `unix://${join(path, "run/docker.sock")}`;
  return Object.assign(host, {
    engineAddress,
    runDocker: (args: readonly string[], stdin?: string) =>
      runCommand("docker", ["--host", engineAddress, ...args], stdin),
    readEngineLog: () => readFile(join(path, "lab/engine.log"), "utf8"),
    cut: () => setPort("down"),
    join: () => setPort("up"),
  });
}

async function switchOn(files: SshdFiles, options: HostOptions, path: string, life: MachineLife): Promise<Sshd> {
  await layFiles(files, options, path, life.address);
  const logPath = join(path, "sshd.log");
  const logs = [{ path: logPath, ...sshdLog }];
  if (life.dockerd !== undefined) logs.push({ path: join(path, "engine.log"), ...engineLog });
  const offsets = await Promise.all(logs.map((log) => endOfLog(log.path)));
  const held = startHeld(machineCommand(life));
  const failed = held.ended.then(async () => {
    throw new Error(`lab: machine ${life.name} ended:\n${await readFile(life.errorLogPath, "utf8")}`);
  });
  try {
    await Promise.race([failed, Promise.all(logs.map((log, n) => waitForLog(log.path, offsets[n] ?? 0, log)))]);
  } catch (error) {
    await held.release();
    throw error;
  } finally {
    failed.catch(() => {});
  }
  return { port: 22, pid: held.pid, logPath, stop: () => held.release() };
}

/** What its first process and its sshd need, at `path`, which the machine sees as its lab directory. */
async function layFiles(files: SshdFiles, options: HostOptions, path: string, address: string): Promise<void> {
  const keys = [...files.hostKeys.map((key) => key.privateKeyPath), files.authorizedKeysPath];
  const inMachine = (file: string) => join(labDirectory, basename(file));
  await Promise.all(keys.map((key) => copyFile(key, join(path, basename(key)))));
  const config = formatConfig(
    {
      listenAddress: `${address}:22`,
      pidPath: inMachine("sshd.pid"),
      hostKeyPaths: files.hostKeys.map((key) => inMachine(key.privateKeyPath)),
      authorizedKeysPath: inMachine(files.authorizedKeysPath),
      homePath: files.homePath,
    },
    options,
  );
  await writeFile(join(path, "sshd_config"), config);
  await writeFile(join(path, "machine.sh"), machineScript);
}

/** The same in each of its lives, as that of a real card: others have it in their neighbour tables. */
function macAddressOf({ network }: MachineBase, number: number): string {
  const bytes = [...network.split("."), String(number)].map((text) => Number(text).toString(16).padStart(2, "0"));
  return `02:6d:${bytes.join(":")}`;
}
