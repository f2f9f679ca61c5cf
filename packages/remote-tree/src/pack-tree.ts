import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

/** What goes into a tar. `path` is relative, without `..`. */
export type PackedEntry =
  | {
      readonly path: string;
      readonly mode: number;
      readonly size: number;
      read(): Iterable<Buffer> | AsyncIterable<Buffer>;
    }
  | { readonly path: string; readonly target: string };

/** Streams entries as one tar. The caller must read it to its end or destroy it. Reading throws what went wrong. */
export function packTree(entries: readonly PackedEntry[]): Readable {
  const archive = pack().on("error", leaveToReader);
  const stream = Readable.from(archive, { objectMode: false });
  stream.on("error", leaveToReader).once("close", () => archive.destroy());
  packEntries(archive, entries).catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

/** The reader gets the error of the stream. An `error` event without a listener would end the process. */
function leaveToReader(): void {}

async function packEntries(archive: Pack, entries: readonly PackedEntry[]): Promise<void> {
  for (const entry of entries) {
    const { path: name } = entry;
    if ("target" in entry) archive.entry({ name, type: "symlink", linkname: entry.target, ...owner });
    else await pipeline(entry.read(), archive.entry({ name, mode: entry.mode, size: entry.size, ...owner }));
  }
  archive.finalize();
}

// On the parent everything belongs to the login that unpacks it.
const owner = { uid: 0, gid: 0, uname: "", gname: "" };
