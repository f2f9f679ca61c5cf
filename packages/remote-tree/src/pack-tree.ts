import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cleanText, OttoError } from "@otto/errors";
import { type Pack, pack } from "tar-stream";
import { asUnreadable } from "./unreadable.js";

/** What goes into a tar: a text, a file of this machine, or a link. `path` is relative, without `..`. */
export type PackedEntry =
  | { readonly path: string; readonly mode: number; readonly content: string }
  | LocalPackedEntry
  | { readonly path: string; readonly target: string };

/** `digest`: SHA-256 of the first `size` bytes, 64 hex digits. */
interface LocalPackedEntry {
  readonly path: string;
  readonly mode: number;
  readonly localPath: string;
  readonly size: number;
  readonly digest: string;
}

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
    if ("localPath" in entry) await packFile(archive, entry);
    else addSmall(archive, entry).on("error", leaveToReader);
  }
  archive.finalize();
}

function addSmall(archive: Pack, entry: Exclude<PackedEntry, LocalPackedEntry>) {
  const { path: name } = entry;
  if ("target" in entry) return archive.entry({ name, type: "symlink", linkname: entry.target, ...owner });
  return archive.entry({ name, mode: entry.mode, ...owner }, entry.content);
}

async function packFile(archive: Pack, file: LocalPackedEntry): Promise<void> {
  const { path: name, mode, size } = file;
  await pipeline(readListed(file), archive.entry({ name, mode, size, ...owner }));
}

/** A file that has grown since it was listed, as a log does, is sent as it was; another change is an error. */
async function* readListed({ localPath, size, digest }: LocalPackedEntry): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let left = size;
  try {
    const chunks = size === 0 ? [] : createReadStream(localPath, { end: size - 1 });
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      hash.update(chunk);
      left -= chunk.length;
      // With the last bytes the entry would be whole.
      if (left === 0 && hash.copy().digest("hex") !== digest) throw fileChanged(localPath);
      yield chunk;
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? fileChanged(localPath) : asUnreadable(localPath, error);
  }
  if (left > 0) throw fileChanged(localPath);
}

function fileChanged(file: string): OttoError {
  return new OttoError("STAGING_FILE_CHANGED", `sending ${cleanText(file)}: it changed after it was listed`, {
    hint: "Run the command again when nothing writes to it.",
    details: { file },
  });
}

// On the parent everything belongs to the login that unpacks it.
const owner = { uid: 0, gid: 0, uname: "", gname: "" };
