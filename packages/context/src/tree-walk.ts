import { readlinkSync } from "node:fs";
import { createIgnoreMatcher, type DirectoryMatch, type IgnoreMatcher } from "@otto/dockerignore";
import { OttoError } from "@otto/errors";
import { comparePaths, type DirectoryEntry, decodePath, printablePath, type SymlinkEntry } from "@otto/hashing";
import type { UnsendableEntry } from "./build-context.js";
import type { ContextReach } from "./context-reach.js";
import { type NamedEntry, readNames, statNames } from "./directory-names.js";
import { isForbidden, isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import type { Pacer } from "./pacer.js";
import { locateReach, type Part } from "./reach-walk.js";

/** A path alone stands for a file, whose content is still to be read: most entries are files, and objects cost time. */
export type WalkedEntry = DirectoryEntry | SymlinkEntry | string;

export interface WalkOptions {
  readonly pacer: Pacer;
  /** Told of the number of entries now and then. */
  readonly onEntries: (count: number) => void;
  /** How much of the tree is listed; directories beside it are not opened. Default: everything. */
  readonly reach?: ContextReach | undefined;
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
  readonly part: Part;
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
  const part = options.reach === undefined ? "all" : locateReach(root, options.reach, matcher);
  await walkDirectory(walk, { path: "", match: matcher.root, parent: undefined, part, added: true });
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
    const part = visit.part === "all" ? "all" : (visit.part.get(entry.name) ?? "all");
    const child: Visit = { path, match, parent: visit, part, added: false };
    if (!match.ignored) addDirectory(walk, child);
    if (match.mayHoldIncluded) await walkDirectory(walk, child);
  }
}

function addLeaf(walk: Walk, parent: Visit, entry: NamedEntry, path: string): void {
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

function listDirectory({ root, unsendable }: Walk, { path, match, part }: Visit): NamedEntry[] {
  try {
    const entries = part === "all" ? readNames(entryFsPath(root, path)) : statNames(root, path, part.keys());
    return entries.sort((a, b) => comparePaths(a.name, b.name));
  } catch (error) {
    // As the reference: what vanished was not there, what is ignored may be closed.
    if (path !== "" && isMissing(error)) return [];
    if (path === "" || !isForbidden(error)) throw unreadable(path === "" ? root : path, error);
    if (!match.ignored) unsendable.push({ path, kind: "directory", error: unreadable(path, error) });
    return [];
  }
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

function unsupported(entry: NamedEntry, path: string): UnsendableEntry {
  const kind = entry.isFIFO() ? "FIFO" : entry.isSocket() ? "socket" : "device";
  const shown = printablePath(path);
  const error = new OttoError("CONTEXT_ENTRY_UNSUPPORTED", `the build reads a ${kind}: ${JSON.stringify(shown)}`, {
    hint: "Remove it, or leave it out with the ignore file.",
    details: { path: shown, kind },
  });
  return { path, kind, error };
}
