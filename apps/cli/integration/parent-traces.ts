import { execFile } from "node:child_process";
import { existsSync, type Stats } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Processes of this machine, zombies apart, without the containers' and without what began before. */
export async function startedSince(before: ReadonlySet<number>): Promise<string[]> {
  const all = await readProcesses();
  const isContained = (pid: number): boolean => {
    const found = all.get(pid);
    return found !== undefined && (/^\((containerd|docker-proxy|runc)/.test(found.name) || isContained(found.parent));
  };
  const ours = [...all].filter(([pid, { state }]) => state !== "Z" && !before.has(pid) && !isContained(pid));
  return Promise.all(
    ours.map(
      async ([pid, { name }]) =>
        `${pid} ${name} ${(await readText(`/proc/${pid}/cmdline`)).replaceAll("\0", " ").slice(-200)}`,
    ),
  );
}

export async function processIds(): Promise<Set<number>> {
  return new Set((await readProcesses()).keys());
}

interface Process {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
}

async function readProcesses(): Promise<Map<number, Process>> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const stats = await Promise.all(pids.map((pid) => readText(`/proc/${pid}/stat`)));
  const found = stats.map((stat) => /^(\d+) (\(.*\)) (\S) (\d+)/s.exec(stat));
  return new Map(
    found.flatMap((match) => {
      const [, pid, name = "", state = "", parent] = match ?? [];
      return pid === undefined ? [] : [[Number(pid), { name, state, parent: Number(parent) }] as const];
    }),
  );
}

/** Locks that someone holds, by their names. */
export async function heldLocks(): Promise<string[]> {
  const held = new Set(
    (await readText("/proc/locks")).split("\n").map((line) => /FLOCK.* (\S+) 0 EOF/.exec(line)?.[1]),
  );
  const places = (await readdir("/run/lock")).filter((name) => /^otto-\d+$/.test(name));
  const names = (
    await Promise.all(
      places.map(async (place) => (await readdir(`/run/lock/${place}`)).map((name) => `/run/lock/${place}/${name}`)),
    )
  ).flat();
  const files = await Promise.all(names.map(async (name) => formatInode(await lstat(name))));
  return names.filter((_, index) => held.has(files[index]));
}

/** As /proc/locks names a file: files of other file systems have the same numbers. */
function formatInode({ dev, ino }: Stats): string {
  const hex = (part: number) => part.toString(16).padStart(2, "0");
  return `${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}:${ino}`;
}

/** Files that hold a text, where temporary, staged and locked things are; the engine's own apart. */
export async function filesWith(text: string): Promise<string[]> {
  const places = [tmpdir(), "/run/lock", "/run/user", "/dev/shm", join(homedir(), ".cache/otto")].filter((path) =>
    existsSync(path),
  );
  const script = 'grep -rlF --devices=skip --exclude="runc-process*" -e "$@" 2>/dev/null || [ $? -le 2 ]';
  const { stdout } = await promisify(execFile)("sh", ["-c", script, "sh", text, ...places]);
  return stdout.split("\n").filter((path) => path !== "");
}

/** Empty for what went meanwhile. */
function readText(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}
