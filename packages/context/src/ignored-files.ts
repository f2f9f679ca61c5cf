import { lstatSync } from "node:fs";
import { isMissing, unreadable } from "./fs-error.js";
import { entryFsPath } from "./fs-path.js";
import { createPacer } from "./pacer.js";
import { walkTree } from "./tree-walk.js";

/** A file or link that ignore rules leave out of a tree. */
export interface IgnoredFile {
  readonly path: string;
  /** 0 for a link. */
  readonly sizeBytes: number;
}

/**
 * Lists what ignore rules leave out of the directory at `root`: for a report, since it walks where no reading of the tree
 * goes. What cannot be read is left out.
 *
 * @param root absolute
 * @throws CONTEXT_UNREADABLE, IGNORE_PATTERN_INVALID
 */
export async function listIgnored(
  root: string,
  patterns: readonly string[],
  signal?: AbortSignal,
): Promise<IgnoredFile[]> {
  const pacer = createPacer(signal);
  const walk = async (rules: readonly string[]) => {
    const { entries } = await walkTree(root, rules, { pacer, onEntries: () => {} });
    return entries.flatMap((entry) => {
      if (typeof entry === "string") return [{ path: entry, isLink: false }];
      return entry.kind === "symlink" ? [{ path: entry.path, isLink: true }] : [];
    });
  };
  const kept = new Set((await walk(patterns)).map(({ path }) => path));
  const ignored: IgnoredFile[] = [];
  for (const { path, isLink } of await walk([])) {
    if (pacer.due()) await pacer.pause();
    if (!kept.has(path)) ignored.push({ path, sizeBytes: isLink ? 0 : sizeOf(root, path) });
  }
  return ignored;
}

function sizeOf(root: string, path: string): number {
  try {
    return lstatSync(entryFsPath(root, path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw unreadable(path, error);
  }
}
