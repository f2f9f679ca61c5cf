import { readFileSync, readlinkSync } from "node:fs";
import { lstat, mkdtemp, readdir, rmdir, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProgramEnvironment } from "../transport/transport.js";

/** A directory that this user alone may enter. Its disposal removes it. */
export interface PrivateDirectory extends AsyncDisposable {
  readonly path: string;
}

/** Longest path of a directory: Unix sockets end at 104 bytes on some systems, and `ssh` adds 19. */
const longestPath = 80;

/** Makes a directory with mode 0700 in the runtime directory of the user, else among the temporary files. */
export async function createPrivateDirectory({ XDG_RUNTIME_DIR }: ProgramEnvironment): Promise<PrivateDirectory> {
  const prefix = `otto-ssh-${describeSelf()}-`;
  const isShort = (base: string) => Buffer.byteLength(join(base, prefix)) + 6 <= longestPath;
  const bases = [XDG_RUNTIME_DIR, tmpdir(), "/tmp"].filter(
    (base) => base?.startsWith("/") && isShort(base),
  ) as string[];
  let failure: unknown;
  for (const base of bases) {
    try {
      const path = await mkdtemp(join(base, prefix));
      await removeOrphans(base);
      return { path, [Symbol.asyncDispose]: () => removeFlat(path) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Removes what killed processes of this user left in a directory. */
async function removeOrphans(base: string): Promise<void> {
  const names = await readdir(base).catch(() => []);
  const orphans = names.filter(isOrphan);
  await Promise.all(
    orphans.map(async (name) => {
      const path = join(base, name);
      const stat = await lstat(path).catch(() => undefined);
      if (stat?.isDirectory() && stat.uid === process.getuid?.()) await removeFlat(path);
    }),
  );
}

/**
 * Removes a directory with its files. After `rm` with `recursive`, Node 20.20 resolves modules that it imports next without following
 * their links.
 */
async function removeFlat(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  // `ssh` removes its control socket itself.
  await Promise.all(names.map((name) => unlink(join(directory, name)).catch(() => {})));
  await rmdir(directory).catch(() => {});
}

/** Whether a name is one of ours, of a process that this one could see and that is gone. */
export function isOrphan(name: string): boolean {
  const [, namespace, pid, startedAt] = /^otto-ssh-(\d+)-(\d+)-(\d+)-/.exec(name) ?? [];
  return namespace === pidNamespace() && pid !== undefined && startOf(Number(pid)) !== startedAt;
}

/** The namespace that the process id is of, the id, and when the process began: a later one may have the same id. */
function describeSelf(): string {
  return `${pidNamespace()}-${process.pid}-${startOf(process.pid) ?? 0}`;
}

/** 0 where there is no /proc. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "");
  } catch {
    return "0";
  }
}

/** In ticks since the machine started; 0 where there is no /proc; undefined when there is no such process. */
export function startOf(pid: number): string | undefined {
  try {
    // The second field, a name in parentheses, may hold anything.
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").split(" ")[20];
  } catch {
    return pidNamespace() === "0" && isAlive(pid) ? "0" : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
