import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { createIgnoreMatcher, type DirectoryMatch, type IgnoreMatcher, parseIgnoreFile } from "@otto/hashing";
import type { DirectoryTreeEntry, TreeEntry, TreeFile } from "./tree-entry.js";

const directoryMode = 0o755;
const textMode = 0o600;

/**
 * Lists all that the files amount to, directories with all that is in them, each entry once, in path order. A `build`
 * directory is listed as the builder sees it, by its `.dockerignore`. Sockets, FIFOs and devices are left out.
 * @param directories further directories, which need not exist here
 */
export async function listTree(files: readonly TreeFile[], directories: readonly string[] = []): Promise<TreeEntry[]> {
  const entries = new Map<string, TreeEntry>();
  const add = (entry: TreeEntry) => {
    addAncestors(entries, entry.path);
    entries.set(entry.path, entry);
  };
  for (const path of directories) add({ kind: "dir", path, mode: directoryMode });
  for (const file of files) for (const entry of await listFile(file, files)) add(entry);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function addAncestors(entries: Map<string, TreeEntry>, path: string): void {
  for (let at = posix.dirname(path); at !== "." && !entries.has(at); at = posix.dirname(at))
    entries.set(at, { kind: "dir", path: at, mode: directoryMode });
}

async function listFile(file: TreeFile, all: readonly TreeFile[]): Promise<TreeEntry[]> {
  if ("content" in file) {
    const bytes = Buffer.from(file.content);
    const digest = createHash("sha256").update(bytes).digest("hex");
    const source = { content: file.content };
    return [{ kind: "file", path: file.remotePath, mode: textMode, size: bytes.length, digest, source }];
  }
  const { localPath, remotePath } = file;
  if (!(await stat(localPath)).isDirectory()) return [await readEntry(localPath, remotePath)];
  const matcher = file.kind === "build" ? await readMatcher(file.localPath, all) : undefined;
  const entries: TreeEntry[] = [await readDirectory(localPath, remotePath)];
  await walk({ localPath, remotePath, matcher, entries }, "", matcher?.root);
  return entries;
}

/** A Dockerfile's own ignore file is shipped beside it and rules in place of this one: then all is sent. */
async function readMatcher(context: string, all: readonly TreeFile[]): Promise<IgnoreMatcher | undefined> {
  const hasOther = all.some(({ remotePath }) => remotePath.endsWith("ockerfile.dockerignore"));
  const names = await readdir(context);
  if (hasOther || names.some((name) => name !== ".dockerignore" && name.endsWith(".dockerignore"))) return undefined;
  if (!names.includes(".dockerignore")) return undefined;
  return createIgnoreMatcher([...parseIgnoreFile(await readFile(join(context, ".dockerignore"))), ...alwaysSent]);
}

// The builder on the parent reads these even when they are ignored, and leaves them out of the image itself.
const alwaysSent = ["!.dockerignore", "![Dd]ockerfile*", "!*/[Dd]ockerfile*", "!*.[Dd]ockerfile"];

interface Walk {
  readonly localPath: string;
  readonly remotePath: string;
  readonly matcher: IgnoreMatcher | undefined;
  readonly entries: TreeEntry[];
}

async function walk(from: Walk, directory: string, match: DirectoryMatch | undefined): Promise<void> {
  const { matcher, entries } = from;
  for (const found of await readdir(join(from.localPath, directory), { withFileTypes: true })) {
    const path = posix.join(directory, found.name);
    const [localPath, remotePath] = [join(from.localPath, path), posix.join(from.remotePath, path)];
    if (found.isDirectory()) {
      const inner = match && matcher?.matchDirectory(path, match);
      if (inner?.ignored !== true) entries.push(await readDirectory(localPath, remotePath));
      if (inner?.mayHoldIncluded !== false) await walk(from, path, inner);
    } else if (found.isFile() || found.isSymbolicLink()) {
      if (match === undefined || matcher?.ignores(path, match) !== true)
        entries.push(await readEntry(localPath, remotePath));
    }
  }
}

async function readDirectory(localPath: string, path: string): Promise<DirectoryTreeEntry> {
  // Without these the login could not put the contents there.
  return { kind: "dir", path, mode: ((await stat(localPath)).mode & 0o777) | 0o700 };
}

async function readEntry(localPath: string, path: string): Promise<TreeEntry> {
  const found = await lstat(localPath);
  if (found.isSymbolicLink()) return { kind: "symlink", path, target: await readlink(localPath) };
  const hash = createHash("sha256");
  await pipeline(createReadStream(localPath), hash);
  const [size, digest] = [found.size, hash.digest("hex")];
  return { kind: "file", path, mode: found.mode & 0o777, size, digest, source: { localPath } };
}
