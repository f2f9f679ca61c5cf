import { posix } from "node:path";
import { isShared, kindOf, type Manifest, type SentTree, textsOf } from "./sent-tree.js";
import { formatEntry, type TreeEntry } from "./tree-entry.js";

/** How a staged tree becomes what is wanted. */
export interface TreePlan {
  /** Files and links to send. */
  readonly send: readonly SentEntry[];
  /** Directories to make where they are missing. `isOther`: it is there with other permissions. */
  readonly make: readonly (Extract<TreeEntry, { kind: "directory" }> & { readonly isOther: boolean })[];
  /** What was sent once and is not wanted any more, the deepest first. */
  readonly remove: readonly TreeRemoval[];
  /** What is certain while the changes are made: of what changes, only that it is the old, the new or nothing. */
  readonly pending: SentTree;
  readonly wanted: Manifest;
  /** Whether more is mounted than was known. */
  readonly isSharedMore: boolean;
}

/** A file or link to send. `known`: what may lie in its place of ours; undefined where no container writes. */
export type SentEntry = Exclude<TreeEntry, { kind: "directory" }> & { readonly known: readonly string[] | undefined };

/** What is ours goes: a file that holds one of the `known`, or any where no container writes; a directory that is empty. */
export interface TreeRemoval {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly known: readonly string[] | undefined;
}

/**
 * Compares what is wanted with what was sent. What a container wrote is in neither, and stays.
 * @param mounts paths in the tree that containers get mounted
 */
export function planTree(wanted: readonly TreeEntry[], sent: SentTree, mounts: readonly string[] = []): TreePlan {
  const shared = [...new Set([...sent.shared, ...mounts])].sort();
  const manifest = Object.fromEntries(wanted.map((entry) => [entry.path, formatEntry(entry)]));
  const changed = wanted.filter(({ path }) => sent.entries[path] !== manifest[path]);
  const gone = Object.keys(sent.entries).filter((path) => {
    const isOtherKind = manifest[path] !== undefined && kindOf(sent.entries[path]) !== kindOf(manifest[path]);
    return manifest[path] === undefined || isOtherKind;
  });
  const cut = [...changed.map(({ path }) => path), ...gone].map((path) => {
    const texts = [...textsOf(sent.entries[path]), ...textsOf(manifest[path])];
    return [path, [...new Set(texts)]] as const;
  });
  return {
    send: changed.flatMap((entry) => {
      if (entry.kind === "directory") return [];
      const known = [...textsOf(sent.entries[entry.path]), formatEntry(entry)];
      return [{ ...entry, known: isShared(entry.path, shared) ? known : undefined }];
    }),
    make: changed.flatMap((entry) => {
      if (entry.kind !== "directory") return [];
      return [{ ...entry, isOther: /^dir [0-7]+$/.test(String(sent.entries[entry.path])) }];
    }),
    remove: planRemovals({ entries: sent.entries, shared }, gone),
    pending: { entries: { ...sent.entries, ...Object.fromEntries(cut) }, shared },
    wanted: manifest,
    isSharedMore: shared.length > sent.shared.length,
  };
}

/** Removes what was sent, the deepest first. @param paths default: all */
export function planRemovals({ entries, shared }: SentTree, paths = Object.keys(entries)): TreeRemoval[] {
  return [...paths]
    .sort((a, b) => (a < b ? 1 : -1))
    .map((path) => ({
      path,
      isDirectory: kindOf(entries[path]) === "dir",
      known: isShared(path, shared) ? textsOf(entries[path]) : undefined,
    }));
}

/** Whether there is nothing to do. */
export function isSettled(plan: TreePlan): boolean {
  return !plan.isSharedMore && plan.send.length + plan.make.length + plan.remove.length === 0;
}

/** Directories, "" for the tree itself, that hold these, in their order. */
export function groupByDirectory<T extends { readonly path: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const parent = posix.dirname(entry.path);
    const directory = parent === "." ? "" : parent;
    const group = groups.get(directory);
    if (group === undefined) groups.set(directory, [entry]);
    else group.push(entry);
  }
  return groups;
}
