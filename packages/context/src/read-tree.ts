import { lstatSync, readlinkSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { comparePaths, type DirectoryEntry, decodePath, type FileEntry, type SymlinkEntry } from "@otto/hashing";
import type { UnsendableEntry } from "./build-context.js";
import type { ReadOptions } from "./context-source.js";
import { readVerified } from "./file-stream.js";
import { type FileTable, modeOf, stateOf } from "./file-table.js";
import { isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import { createPacer, type Pacer } from "./pacer.js";
import { createSecondThread } from "./second-thread.js";
import { readStatCache } from "./stat-cache.js";
import { fileEntry, readTreeFiles } from "./tree-files.js";
import { type WalkedEntry, walkTree } from "./tree-walk.js";

/** A part of a directory. */
export interface TreeView {
  /** Rules as those of an ignore file. Default: everything. */
  readonly patterns?: readonly string[] | undefined;
  /** Files and links that are in it whatever the rules say. Those that are missing are left out. */
  readonly paths?: readonly string[] | undefined;
}

export interface ReadTreeOptions extends ReadOptions {
  /** Default: one of everything. */
  readonly views?: readonly TreeView[] | undefined;
}

/** What lies at a path of this machine: a file, a link, or a directory with what is in it. */
export interface LocalTree {
  /** What is in any of the views, in the order of `comparePaths`; what lies at the root itself is "". */
  readonly entries: readonly LocalEntry[];
  /** The paths in each of the views. */
  readonly views: readonly ReadonlySet<string>[];
  /** Sockets, FIFOs and devices, and what may not be read. */
  readonly unsendable: readonly UnsendableEntry[];
  /**
   * A file's bytes, read as they are asked for, as many as there were when it was digested: it may have grown, as a log
   * does. Fails with CONTEXT_FILE_CHANGED, before the last of them, when they are others.
   */
  readFile(entry: FileEntry): Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** `mode`: the permission bits. */
export type LocalEntry = ((FileEntry | DirectoryEntry) & { readonly mode: number }) | SymlinkEntry;

/**
 * Reads what lies at a path, each file once: one walk for each view, and one cache of digests for all. Symbolic links
 * are not followed. Concurrent calls are safe.
 *
 * @param root absolute
 * @throws CONTEXT_UNREADABLE when nothing is there, or it cannot be listed
 * @throws CONTEXT_FILE_CHANGED, IGNORE_PATTERN_INVALID
 */
export async function readTree(root: string, options: ReadTreeOptions = {}): Promise<LocalTree> {
  if (!isAbsolute(root)) throw new TypeError(`The path is not absolute: ${JSON.stringify(root)}`);
  const pacer = createPacer(options.signal);
  const top = entryAt(root, "");
  if (top === undefined) throw unreadable(root, new Error("it is no file and no directory"));
  const isDirectory = typeof top !== "string" && top.kind === "directory";
  // A context of the same directory leaves out other files.
  const cacheDir = isDirectory && options.cacheDir ? join(options.cacheDir, "trees") : undefined;
  const cache = cacheDir === undefined ? undefined : readStatCache(cacheDir, root);
  await using second = createSecondThread();
  const onEntries = (count: number) => cache ?? second.expect(count);
  const views: ReadonlySet<string>[] = [];
  const walked = new Map<string, WalkedEntry>();
  const unsendable = new Map<string, UnsendableEntry>();
  for (const { patterns = [], paths = [] } of options.views ?? [{}]) {
    const found = isDirectory ? await walkTree(root, patterns, { pacer, onEntries }) : { entries: [], unsendable: [] };
    const more = paths.flatMap((path) => entryAt(root, path) ?? []);
    const view = new Set<string>();
    for (const entry of [top, ...found.entries, ...more]) {
      view.add(pathOf(entry));
      walked.set(pathOf(entry), entry);
    }
    for (const entry of found.unsendable) unsendable.set(entry.path, entry);
    views.push(view);
    await pacer.pause();
  }
  const sorted = [...walked.values()].sort((a, b) => comparePaths(pathOf(a), pathOf(b)));
  await pacer.pause();
  const paths = sorted.filter((entry) => typeof entry === "string");
  const read = await readTreeFiles(root, paths, { cacheDir, cache, pacer, second, mayGrow: true });
  return {
    entries: await joinEntries(root, sorted, { files: read.table, pacer }),
    views,
    unsendable: [...unsendable.values(), ...read.unsendable],
    readFile: (entry) => readVerified(root, entry, { mayGrow: true }),
  };
}

function pathOf(entry: WalkedEntry): string {
  return typeof entry === "string" ? entry : entry.path;
}

/** Undefined where nothing is, or what cannot be sent. */
function entryAt(root: string, path: string): WalkedEntry | undefined {
  const at = entryFsPath(root, path);
  try {
    const stats = lstatSync(at);
    if (stats.isFile()) return path;
    if (stats.isDirectory()) return { path, kind: "directory" };
    if (!stats.isSymbolicLink()) return undefined;
    return { path, kind: "symlink", target: decodePath(readlinkSync(at, { encoding: "buffer" })) };
  } catch (error) {
    if (path !== "" && isMissing(error)) return undefined;
    throw unreadable(path === "" ? root : path, error);
  }
}

/** What vanished after the walk was not there. */
async function joinEntries(
  root: string,
  walked: readonly WalkedEntry[],
  { files, pacer }: { files: FileTable; pacer: Pacer },
): Promise<LocalEntry[]> {
  const entries: LocalEntry[] = [];
  let index = -1;
  for (const entry of walked) {
    if (pacer.due()) await pacer.pause();
    if (typeof entry === "string") {
      index += 1;
      if (stateOf(files, index) !== "done") continue;
      entries.push({ ...fileEntry(entry, files, index), mode: modeOf(files, index) });
    } else if (entry.kind === "symlink") entries.push(entry);
    else entries.push(...withMode(root, entry));
  }
  return entries;
}

function withMode(root: string, entry: DirectoryEntry): LocalEntry[] {
  try {
    return [{ ...entry, mode: lstatSync(entryFsPath(root, entry.path)).mode & 0o777 }];
  } catch (error) {
    if (isMissing(error)) return [];
    throw unreadable(entry.path, error);
  }
}
