import { lstat, readlink, realpath, stat } from "node:fs/promises";
import { dirname, join, normalize, resolve } from "node:path";
import type { FoundFile } from "./file-entry.js";
import type { HostFiles, LookOptions } from "./host-files.js";
import { receiveLocally } from "./local-stage.js";
import { kindOf, measureFiles, walkFiles } from "./local-walk.js";

/**
 * How `..` leads out of a link or of what is missing. `kernel`: as for every program, so that a missing directory is made.
 * `text`: the name before it is struck out.
 */
export type ParentNames = "kernel" | "text";

/** The files of this machine. @param from whose entries it receives, for messages */
export function localFiles(name: string, from: string, parentNames: ParentNames = "kernel"): HostFiles {
  return {
    name,
    absolute: parentNames === "text" ? normalize : (path) => path,
    realPath,
    look: (paths, options) => Promise.all(paths.map((path) => look(path, options))),
    measure: measureFiles,
    send: (path, { signal }) => walkFiles(path, signal),
    receive: (directory, entries, { signal }) => receiveLocally(directory, entries, { from, signal }),
  };
}

/** Links that lead on to links, as many as the kernel follows. */
const mostLinks = 40;

async function look(path: string, { follow }: LookOptions): Promise<FoundFile> {
  try {
    const stats = follow ? await stat(path) : await lstat(path);
    const isLink = follow && (await lstat(path)).isSymbolicLink();
    return { kind: kindOf(stats), path: isLink ? await realpath(path) : path, sizeBytes: stats.size };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return follow ? followDangling(path) : { kind: "none", path };
    throw error;
  }
}

/** Where a link leads to a name that is free; "symlink" where its directory is not there. */
async function followDangling(path: string): Promise<FoundFile> {
  let at = path;
  for (let links = 0; links < mostLinks; links += 1) {
    const target = await readlink(at).catch(() => undefined);
    if (target === undefined) break;
    at = await realPath(resolve(dirname(at), target));
  }
  if (at === path) return { kind: "none", path };
  const parent = await stat(dirname(at)).catch(() => undefined);
  return parent?.isDirectory() === true ? { kind: "none", path: at } : { kind: "symlink", path };
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(await realPath(parent), path.slice(path.lastIndexOf("/") + 1));
  }
}
