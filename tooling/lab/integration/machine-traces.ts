import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** By what the machines of a lab are found on this machine. */
export interface MachineTraces {
  readonly directory: string;
  /** As `net:[4026531840]`: those of the machines, their containers and the switch. */
  readonly namespaces: ReadonlySet<string>;
}

/**
 * Takes down what finds the machines later, when their processes may have lost their parents.
 * @param directory of the lab, or one that it is in
 */
export async function recordTraces(directory: string): Promise<MachineTraces> {
  const own = new Set(await namespacesOf("self"));
  const pids = await Promise.all((await processesWith(directory)).map(descendantsOf));
  const all = await Promise.all(pids.flat().map(namespacesOf));
  return { directory, namespaces: new Set(all.flat().filter((namespace) => !own.has(namespace))) };
}

/** What there is of the machines: a line for each process, interface, mount, cgroup and directory. */
export async function findTraces({ directory, namespaces }: MachineTraces): Promise<string[]> {
  const processes = await Promise.all(
    (await processIds()).map(async (pid) => {
      const [command, own] = await Promise.all([commandOf(pid), namespacesOf(pid)]);
      const isTheirs = command.includes(directory) || own.some((namespace) => namespaces.has(namespace));
      return isTheirs ? [`process ${pid} ${command}`] : [];
    }),
  );
  const links = (await execute("ip", ["-oneline", "link", "show"])).stdout;
  // Of the second version, and of each controller of the first.
  const cgroups = (
    await execute("sh", ["-c", "ls -d /sys/fs/cgroup/otto-* /sys/fs/cgroup/*/otto-* 2>/dev/null || true"])
  ).stdout;
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  return [
    ...processes.flat(),
    ...linesWith(links, directory).map((line) => `interface ${line}`),
    ...linesWith(cgroups, basename(directory)).map((line) => `cgroup ${line}`),
    ...linesWith(mounts, directory).map((line) => `mount ${line}`),
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
  ];
}

const linesWith = (text: string, part: string) => text.split("\n").filter((line) => line.includes(part));

const processIds = async () => (await readdir("/proc")).filter((name) => /^\d+$/.test(name));

/** Empty for one that has ended. */
const commandOf = async (pid: string) =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");

async function processesWith(text: string): Promise<string[]> {
  const pids = await processIds();
  const commands = await Promise.all(pids.map(commandOf));
  return pids.filter((_, index) => commands[index]?.includes(text));
}

async function descendantsOf(pid: string): Promise<string[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const below = await Promise.all(children.split(" ").filter(Boolean).map(descendantsOf));
  return [pid, ...below.flat()];
}

async function namespacesOf(pid: string): Promise<string[]> {
  const kinds = ["net", "mnt", "pid", "pid_for_children", "uts", "ipc"];
  const found = await Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined)));
  return found.filter((namespace) => namespace !== undefined);
}
