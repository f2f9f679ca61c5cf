import { refused } from "./copy-errors.js";
import type { FileEntry } from "./file-entry.js";

/** More than any tree that is copied on purpose; names of all directories are held in memory. */
export const mostEntries = 1_000_000;

// Linux's longest path.
const longestPathBytes = 4096;

/**
 * Passes on what may be written, in the order a tree is written in. A host's entries are made by whatever runs there.
 * @throws OttoError `FILES_REFUSED` for a path that would lead out of the target, and for more than `limit` entries
 */
export async function* checkEntries(
  entries: AsyncIterable<FileEntry>,
  { from, limit = mostEntries }: { readonly from: string; readonly limit?: number },
): AsyncGenerator<FileEntry> {
  let count = 0;
  for await (const entry of entries) {
    count += 1;
    if (count > limit) throw refused(from, entry.path, `there are more than ${limit} entries`);
    checkPath(entry.path, from);
    if (entry.kind === "hardlink") checkPath(entry.target, from);
    if (entry.kind === "symlink" && (entry.target === "" || entry.target.includes("\0"))) {
      throw refused(from, entry.path, "its link target is no path");
    }
    yield entry;
  }
}

/** Finds nothing in what may be written, which nearly all is; what it finds, the steps behind it name. */
const suspicious = /[\0\uFFFD]|(?:^|\/)\.{0,2}(?:\/|$)/;

function checkPath(path: string, from: string): void {
  // No character takes more than three bytes for each of its units.
  if (path === "" || (path.length * 3 <= longestPathBytes && !suspicious.test(path))) return;
  if (path.startsWith("/")) throw refused(from, path, "it is an absolute path");
  if (path.includes("\0")) throw refused(from, path, "it holds NUL");
  if (path.includes("\uFFFD")) throw refused(from, path, "it is not UTF-8");
  if (Buffer.byteLength(path) > longestPathBytes) throw refused(from, path.slice(0, 100), "it is too long");
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..") throw refused(from, path, "it has a part that is no name");
  }
}
