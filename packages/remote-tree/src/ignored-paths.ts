import { posix } from "node:path";
import { listIgnored } from "@otto/context";
import { ignorePatterns, isRuled } from "./ignore-rules.js";
import { readingFiles } from "./local-error.js";
import type { SentTree } from "./sent-tree.js";
import type { DirectoryTreeEntry, TreeFile } from "./tree-entry.js";
import type { TreeListing } from "./tree-listing.js";

/** What `ignore` leaves out of one directory. */
export interface IgnoredPart {
  readonly remotePath: string;
  readonly patterns: readonly string[];
  /** Files and links. */
  readonly files: number;
  readonly bytes: number;
}

/**
 * Directories that were sent and are ignored by now. They stay, empty of what was sent, until the tree is removed: a
 * container that has something mounted on one of them loses that mount with the directory. One goes all the same where
 * the directory above it is wanted no more, as what lies in a directory that is deleted here. Pure.
 */
export function keptDirectories({ entries, isIgnored }: TreeListing, sent: SentTree): DirectoryTreeEntry[] {
  const ignored = Object.entries(sent.entries).flatMap(([path, text]) => {
    const mode = /^dir ([0-7]+)$/.exec(typeof text === "string" ? text : "")?.[1];
    return mode !== undefined && isIgnored(path) ? [{ path, mode }] : [];
  });
  if (ignored.length === 0) return [];
  const kinds = new Map(entries.map(({ path, kind }) => [path, kind]));
  const kept: DirectoryTreeEntry[] = [];
  // Each after the one that it lies in.
  for (const { path, mode } of ignored.sort((one, other) => (one.path < other.path ? -1 : 1))) {
    if (kinds.has(path) || kinds.get(posix.dirname(path)) !== "directory") continue;
    kinds.set(path, "directory");
    kept.push({ kind: "directory", path, mode: Number.parseInt(mode, 8) });
  }
  return kept;
}

/**
 * Counts what `ignore` leaves out, for a report: it walks where {@link listTree} does not. What another of the files
 * brings into the tree is not counted.
 * @throws OttoError `STAGING_FILE_UNREADABLE`
 */
export async function measureIgnored(
  files: readonly TreeFile[],
  { entries }: Pick<TreeListing, "entries">,
  signal?: AbortSignal,
): Promise<IgnoredPart[]> {
  const sent = new Set(entries.map(({ path }) => path));
  const parts: IgnoredPart[] = [];
  for (const file of files) {
    if ("content" in file || !isRuled(file)) continue;
    const { localPath, remotePath, ignore } = file;
    const patterns = ignorePatterns(ignore);
    const isSent = (path: string) => sent.has(posix.join(remotePath, path));
    const ignored = await readingFiles(localPath, listIgnored(localPath, isSent, signal));
    const bytes = ignored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    parts.push({ remotePath, patterns, files: ignored.length, bytes });
  }
  return parts;
}
