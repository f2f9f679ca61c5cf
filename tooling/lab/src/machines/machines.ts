import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runCommand } from "../command.js";
import { keepUntilRelease } from "../keeper.js";
import { createKeyPair } from "../keys.js";
import { assertHosts, describeLab, type Lab } from "../lab.js";
import { assertSshd } from "../sshd.js";
import { type MachineBase, startBase } from "./base.js";
import { type Machine, type MachineOptions, type MachineSetting, startMachine } from "./machine.js";

/** Running machines, as a lab: {@link labJson} describes them, too. Disposing ends them with all that they have. */
export interface Machines<Name extends string = string> extends Lab<Name> {
  readonly hosts: Readonly<Record<Name, Machine>>;
  /** This process on the network of the machines: what listens there, they reach. */
  readonly ownAddress: string;
  /** Copies an image of this machine's engine to the engine of each machine, with its id. */
  loadImage(tag: string): Promise<void>;
}

/**
 * Starts machines, side by side: each with namespaces, an sshd and an engine of its own, joined by a switch, without any
 * other network. Engines reach registries in `172.16.0.0/16` without TLS. Needs root on Linux.
 *
 * What it starts ends when it is disposed, and also when this process dies. Several at once do not disturb each other. The
 * lab's kind (`OTTO_LAB_KIND`) changes nothing.
 * @throws Error saying what to install, when a program is missing.
 */
export async function startMachines<const Name extends string>(options: {
  /** By name; `[a-z0-9-]`, so that the name is the host's id and the machine's host name too. At most 200. */
  readonly hosts: Readonly<Record<Name, MachineOptions>>;
}): Promise<Machines<Name>> {
  const entries = Object.entries<MachineOptions>(options.hosts);
  assertHosts(entries);
  if (process.getuid?.() !== 0) throw new Error("lab: machines need root on Linux");
  await assertSshd();
  const directory = await mkdtemp(join(tmpdir(), "otto-machines-"));
  const keeper = keepUntilRelease('rm -rf -- "$1"', [directory]);
  const started: (Machine & { release(): Promise<void> })[] = [];
  let base: MachineBase | undefined;
  // A machine has its disk in the base, the base its directory here.
  const release = async () => {
    await Promise.all(started.map((machine) => machine.release()));
    await base?.release();
    await keeper.release();
  };
  try {
    base = await startBase(directory);
    const clientKey = await createKeyPair("ed25519", join(directory, "client_key"));
    started.push(...(await startAll({ base, directory, clientKey }, entries)));
    const lab = await describeLab<Name, Machine>(directory, clientKey, started, release);
    return { ...lab, ownAddress: `${base.network}.1`, loadImage: (tag) => loadImage(tag, directory, started) };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Waits for all, so that none is still starting when one has failed and all others are stopped. */
async function startAll(
  common: Pick<MachineSetting, "base" | "directory" | "clientKey">,
  entries: readonly (readonly [string, MachineOptions])[],
) {
  const starts = entries.map(([name, options], index) => {
    const isHop = entries.some(([, other]) => other.hop === name);
    const dockerCapable = options.dockerCapable ?? ((options.engine ?? true) && !isHop);
    return startMachine({ ...common, name, number: index + 1, options: { ...options, dockerCapable } });
  });
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === "rejected");
  const started = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  if (failed === undefined) return started;
  await Promise.all(started.map((machine) => machine.release()));
  throw failed.reason;
}

async function loadImage(tag: string, directory: string, machines: readonly Machine[]): Promise<void> {
  const path = join(await mkdtemp(join(directory, "image-")), "image.tar");
  await runCommand("docker", ["image", "save", "--output", path, tag]);
  const withEngine = machines.filter(({ options }) => (options as MachineOptions).engine ?? true);
  await Promise.all(withEngine.map((machine) => machine.runDocker(["image", "load", "--input", path])));
  await rm(dirname(path), { recursive: true });
}
