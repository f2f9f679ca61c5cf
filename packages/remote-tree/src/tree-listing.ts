import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { decodePath } from "@otto/hashing";
import { listPaths, listSeen } from "./build-listing.js";
import type { LocalTreeFile, TreeEntry, TreeFile } from "./tree-entry.js";
import { readingFile, refuseRawBytes } from "./unreadable.js";

const directoryMode = 0o755;
const textMode = 0o600;

/** What files amount to. */
export interface TreeListing {
  /** Each once, in path order. */
  readonly entries: readonly TreeEntry[];
  /** By service: the paths in the tree that its build sees. */
  readonly built: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Lists all that the files amount to, directories with all that is in them. Of a `build` directory that is what any of its
 * builds sees, each by its own ignore rules. Sockets, FIFOs and devices are left out.
 * @param directories further directories, which need not exist here
 * @throws OttoError `IGNORE_FILE_INVALID`, `IGNORE_PATTERN_INVALID`, `CONTEXT_UNREADABLE`, `STAGING_FILE_UNREADABLE`
 */
export async function listTree(files: readonly TreeFile[], directories: readonly string[] = []): Promise<TreeListing> {
  const entries = new Map<string, TreeEntry>();
  const built = new Map<string, Set<string>>();
  const add = (entry: TreeEntry) => {
    addAncestors(entries, entry.path);
    entries.set(entry.path, entry);
  };
  for (const path of directories) add({ kind: "directory", path, mode: directoryMode });
  for (const file of files) {
    if ("content" in file) add(textEntry(file));
    else
      for (const path of await listFile(file, built)) {
        const localPath = join(file.localPath, path);
        add(await readingFile(localPath, readEntry(localPath, posix.join(file.remotePath, path))));
      }
  }
  return { entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), built };
}

function addAncestors(entries: Map<string, TreeEntry>, path: string): void {
  for (let at = posix.dirname(path); at !== "." && !entries.has(at); at = posix.dirname(at))
    entries.set(at, { kind: "directory", path: at, mode: directoryMode });
}

function textEntry({ remotePath, content }: { remotePath: string; content: string }): TreeEntry {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { kind: "file", path: remotePath, mode: textMode, size: bytes.length, digest, source: { content } };
}

/** The paths of a file, relative to it. Notes what the services of a build see. */
async function listFile(file: LocalTreeFile, built: Map<string, Set<string>>): Promise<Iterable<string>> {
  const { localPath, remotePath, kind, builds = [] } = file;
  if (!(await readingFile(localPath, stat(localPath))).isDirectory()) {
    for (const { service } of builds) noteSeen(built, service, [remotePath]);
    return [""];
  }
  if (kind !== "build") return listPaths(localPath);
  const all = new Set(builds.length === 0 ? await listSeen(localPath, undefined) : []);
  for (const { service, dockerfile } of builds) {
    const seen = await listSeen(localPath, dockerfile);
    for (const path of seen) all.add(path);
    noteSeen(
      built,
      service,
      seen.map((path) => posix.join(remotePath, path)),
    );
  }
  return all;
}

function noteSeen(built: Map<string, Set<string>>, service: string, paths: readonly string[]): void {
  const seen = built.get(service) ?? new Set();
  for (const path of paths) seen.add(path);
  built.set(service, seen);
}

async function readEntry(localPath: string, path: string): Promise<TreeEntry> {
  const found = await lstat(localPath);
  // Without these bits the login could not put the contents there.
  if (found.isDirectory()) return { kind: "directory", path, mode: (found.mode & 0o777) | 0o700 };
  if (found.isSymbolicLink()) {
    const target = decodePath(await readlink(localPath, { encoding: "buffer" }));
    refuseRawBytes(localPath, target);
    return { kind: "symlink", path, target };
  }
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(localPath) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  const digest = hash.digest("hex");
  return { kind: "file", path, mode: found.mode & 0o777, size, digest, source: { localPath } };
}
