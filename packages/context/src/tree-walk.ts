import { type Dirent, readdirSync, readlinkSync } from "node:fs";
import { createIgnoreMatcher, type DirectoryMatch, type IgnoreMatcher } from "@otto/dockerignore";
import { OttoError } from "@otto/errors";
import { comparePaths, type DirectoryEntry, decodePath, printablePath, type SymlinkEntry } from "@otto/hashing";
import type { UnsendableEntry } from "./build-context.js";
import { isForbidden, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";

/** A path alone stands for a file, whose content is still to be read: most entries are files, and objects cost time. */
export type WalkedEntry = DirectoryEntry | SymlinkEntry | string;

export interface WalkOptions {
  readonly pacer: Pacer;
  /** Told of the number of entries now and then. */
  readonly onEntries: (count: number) => void;
}

export interface WalkedTree {
  readonly entries: WalkedEntry[];
  readonly unsendable: UnsendableEntry[];
}

interface Walk extends WalkOptions, WalkedTree {
  readonly root: string;
  readonly matcher: IgnoreMatcher;
}

/** A directory that is ignored comes in, once, when something below it does. */
interface Visit {
  readonly path: string;
  readonly match: DirectoryMatch;
  readonly parent: Visit | undefined;
  added: boolean;
}

/**
 * Lists what BuildKit would send of the tree at `root`, in its order. Symbolic links are not followed.
 *
 * @throws IGNORE_PATTERN_INVALID
 * @throws CONTEXT_UNREADABLE where the root cannot be listed, or something is wrong with the disk
 */
export async function walkTree(root: string, patterns: readonly string[], options: WalkOptions): Promise<WalkedTree> {
  const matcher = await createIgnoreMatcher(patterns);
  const walk: Walk = { ...options, root, matcher, entries: [], unsendable: [] };
  await walkDirectory(walk, { path: "", match: matcher.root, parent: undefined, added: true });
  return walk;
}

async function walkDirectory(walk: Walk, visit: Visit): Promise<void> {
  if (walk.pacer.due()) await walk.pacer.pause();
  walk.onEntries(walk.entries.length);
  for (const entry of listDirectory(walk, visit)) {
    const path = visit.path === "" ? entry.name : `${visit.path}/${entry.name}`;
    if (!entry.isDirectory()) {
      if (!walk.matcher.ignores(path, visit.match)) addLeaf(walk, visit, entry, path);
      continue;
    }
    const match = walk.matcher.matchDirectory(path, visit.match);
    const child: Visit = { path, match, parent: visit, added: false };
    if (!match.ignored) addDirectory(walk, child);
    if (match.mayHoldIncluded) await walkDirectory(walk, child);
  }
}

function addLeaf(walk: Walk, parent: Visit, entry: Dirent, path: string): void {
  if (entry.isFile()) {
    addDirectory(walk, parent);
    walk.entries.push(path);
    return;
  }
  if (!entry.isSymbolicLink()) {
    walk.unsendable.push(unsupported(entry, path));
    return;
  }
  const target = readTarget(walk, path);
  if (target === undefined) return;
  addDirectory(walk, parent);
  walk.entries.push({ path, kind: "symlink", target });
}

function addDirectory(walk: Walk, visit: Visit): void {
  if (visit.added) return;
  visit.added = true;
  if (visit.parent !== undefined) addDirectory(walk, visit.parent);
  walk.entries.push({ path: visit.path, kind: "directory" });
}

function listDirectory({ root, unsendable }: Walk, { path, match }: Visit): Dirent[] {
  try {
    return readNames(entryFsPath(root, path)).sort((a, b) => comparePaths(a.name, b.name));
  } catch (error) {
    // As the reference: what vanished was not there, what is ignored may be closed.
    if (path !== "" && isMissing(error)) return [];
    if (path === "" || !isForbidden(error)) throw unreadable(path === "" ? root : path, error);
    if (!match.ignored) unsendable.push({ path, kind: "directory", error: unreadable(path, error) });
    return [];
  }
}

/** Names as strings are several times faster to get than as bytes, and nearly always enough. */
function readNames(directory: string | Buffer): Dirent[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  if (!entries.some(({ name }) => name.includes("\ufffd"))) return entries;
  const raw = readdirSync(directory, { withFileTypes: true, encoding: "buffer" });
  return raw.map((entry) => Object.assign(entry as unknown as Dirent, { name: decodePath(entry.name) }));
}

function readTarget({ root, unsendable }: Walk, path: string): string | undefined {
  try {
    return decodePath(readlinkSync(entryFsPath(root, path), { encoding: "buffer" }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!isForbidden(error)) throw unreadable(path, error);
    unsendable.push({ path, kind: "symlink", error: unreadable(path, error) });
    return undefined;
  }
}

function unsupported(entry: Dirent, path: string): UnsendableEntry {
  const kind = entry.isFIFO() ? "FIFO" : entry.isSocket() ? "socket" : "device";
  const shown = printablePath(path);
  const error = new OttoError("CONTEXT_ENTRY_UNSUPPORTED", `the build reads a ${kind}: ${JSON.stringify(shown)}`, {
    hint: "Remove it, or leave it out with the ignore file.",
    details: { path: shown, kind },
  });
  return { path, kind, error };
}
