import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

/** What goes into a tar: a text, a file of this machine, or a link. `path` is relative, without `..`. */
export type PackedEntry =
  | { readonly path: string; readonly mode: number; readonly content: string }
  | { readonly path: string; readonly mode: number; readonly localPath: string; readonly size: number }
  | { readonly path: string; readonly target: string };

/** Streams entries as one tar. The caller reads it to its end or destroys it. */
export function packTree(entries: readonly PackedEntry[]): Readable {
  const archive = pack();
  const stream = Readable.from(archive, { objectMode: false });
  stream.once("close", () => archive.destroy());
  packEntries(archive, entries).catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

async function packEntries(archive: Pack, entries: readonly PackedEntry[]): Promise<void> {
  for (const entry of entries) {
    if ("target" in entry) archive.entry({ name: entry.path, type: "symlink", linkname: entry.target, ...owner });
    else if ("content" in entry) archive.entry({ name: entry.path, mode: entry.mode, ...owner }, entry.content);
    else await packFile(archive, entry);
  }
  archive.finalize();
}

/** tar-stream fails when the file has become shorter or longer than `size`. */
async function packFile(archive: Pack, file: Extract<PackedEntry, { localPath: string }>): Promise<void> {
  const header = { name: file.path, mode: file.mode, size: file.size, ...owner };
  await pipeline(createReadStream(file.localPath), archive.entry(header));
}

// On the parent everything belongs to the login that unpacks it.
const owner = { uid: 0, gid: 0, uname: "", gname: "" };
