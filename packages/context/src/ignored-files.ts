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
 * Lists the files and links of the directory at `root` that are not kept: for a report, since it walks where no reading of the
 * tree goes. What cannot be read is left out.
 *
 * @param root absolute
 * @param isKept asked with paths from `root`
 * @throws CONTEXT_UNREADABLE
 */
export async function listIgnored(
  root: string,
  isKept: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<IgnoredFile[]> {
  const pacer = createPacer(signal);
  const { entries } = await walkTree(root, [], { pacer, onEntries: () => {} });
  const ignored: IgnoredFile[] = [];
  for (const entry of entries) {
    if (pacer.due()) await pacer.pause();
    if (typeof entry === "string") {
      if (!isKept(entry)) ignored.push({ path: entry, sizeBytes: sizeOf(root, entry) });
    } else if (entry.kind === "symlink" && !isKept(entry.path)) ignored.push({ path: entry.path, sizeBytes: 0 });
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
