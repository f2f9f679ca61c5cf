import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { FoundFile } from "./file-entry.js";
import type { HostFiles, LookOptions } from "./host-files.js";
import { receiveLocally } from "./local-stage.js";
import { kindOf, measureFiles, walkFiles } from "./local-walk.js";

/** The files of this machine. @param from whose entries it receives, for messages */
export function localFiles(name: string, from: string): HostFiles {
  return {
    name,
    absolute: (path) => path,
    realPath,
    look: (paths, options) => Promise.all(paths.map((path) => look(path, options))),
    measure: measureFiles,
    send: (path, { signal }) => walkFiles(path, signal),
    receive: (directory, entries, { signal }) => receiveLocally(directory, entries, { from, signal }),
  };
}

async function look(path: string, { follow }: LookOptions): Promise<FoundFile> {
  try {
    const stats = follow ? await stat(path) : await lstat(path);
    const isLink = follow && (await lstat(path)).isSymbolicLink();
    return { kind: kindOf(stats), path: isLink ? await realpath(path) : path, sizeBytes: stats.size };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "none", path };
    throw error;
  }
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(await realPath(parent), path.slice(path.lastIndexOf("/") + 1));
  }
}
