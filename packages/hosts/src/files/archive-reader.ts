import { finished, type Readable } from "node:stream";
import { isOttoError, isSystemError } from "@otto/errors";
import { extract, type Header } from "tar-stream";
import { refused, specialFile } from "./copy-errors.js";
import { type FileEntry, permissionBits } from "./file-entry.js";

/** As tar-stream gives them; its types do not name it. */
type Entry = Readable & { readonly header: Header };

export interface ArchiveRoot {
  /** For messages. */
  readonly from: string;
  /** The one file or link that was asked for; undefined: the contents of a directory, whose entries begin with `./`. */
  readonly name: string | undefined;
}

interface OpenRoot extends ArchiveRoot {
  /** Podman's entries have no `./`, as the first one shows, and it sends none for the directory itself. */
  readonly isBare: boolean;
}

/**
 * The entries of a tar stream. They come as they are: whether a path may be written is `checkEntries`'s to say.
 * @throws OttoError `FILES_REFUSED` for an archive that is broken, ends early, or holds what was not asked for
 */
export async function* unpackEntries(tar: Readable, root: ArchiveRoot): AsyncGenerator<FileEntry> {
  const end = new ArchiveEnd();
  const archive = extract();
  let failure: Error | undefined;
  // By hand: `pipeline` would hide the source's own error behind tar-stream's.
  tar.on("error", () => {});
  finished(tar, { writable: false }, (ended) => {
    if (ended === undefined || ended === null) return;
    const { errored: error } = tar;
    if (error !== null) failure = isSystemError(error) ? refused(root.from, root.name ?? ".", error.message) : error;
    archive.destroy(error ?? new Error("it ends in the middle"));
  });
  tar.on("data", (chunk: Buffer) => end.note(chunk));
  tar.pipe(archive as unknown as NodeJS.WritableStream);
  const explain: Explain = (error, path) =>
    failure ?? (isOttoError(error) ? error : refused(root.from, path, (error as Error).message));
  let isBare: boolean | undefined;
  try {
    for await (const entry of archive as unknown as AsyncIterable<Entry>) {
      const isFirst = isBare === undefined;
      isBare ??= root.name === undefined && !/^\.(?:\/|$)/.test(entry.header.name);
      const next = toEntry(entry, { ...root, isBare }, explain);
      if (isFirst && isBare) yield { ...unknownDirectory, path: "", mtime: next.mtime };
      yield next;
      entry.resume();
    }
    if (!end.isSeen) throw new Error("it ends in the middle");
  } catch (error) {
    throw explain(error, root.name ?? ".");
  } finally {
    tar.destroy();
    archive.destroy();
  }
}

const unknownDirectory = { kind: "directory", mode: 0o755 } as const;

/** The error of a path in an archive that cannot be read on. */
type Explain = (error: unknown, path: string) => Error;

async function* readContent(entry: Entry, explain: Explain): AsyncGenerator<Buffer> {
  try {
    yield* entry as AsyncIterable<Buffer>;
  } catch {
    // tar-stream tells an entry no more than that its archive is gone.
    throw explain(new Error("its archive ends in the middle"), entry.header.name);
  }
}

/** Looks for the block of zeros that ends an archive: its reader takes any end between two entries. */
class ArchiveEnd {
  #tail: Buffer = Buffer.alloc(0);

  get isSeen(): boolean {
    return this.#tail.length === 512 && this.#tail.every((byte) => byte === 0);
  }

  note(chunk: Buffer): void {
    this.#tail = chunk.length >= 512 ? chunk.subarray(-512) : Buffer.concat([this.#tail, chunk]).subarray(-512);
  }
}

function toEntry(entry: Entry, root: OpenRoot, explain: Explain): FileEntry {
  const { header } = entry;
  const path = pathOf(header.name, header, root);
  const mtime = Math.floor((header.mtime ?? new Date(0)).getTime() / 1000);
  const mode = (header.mode ?? 0) & permissionBits;
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return {
        ...{ kind: "file", path, mtime, mode, sizeBytes: header.size ?? 0 },
        content: () => readContent(entry, explain),
      };
    case "directory":
      return { kind: "directory", path, mtime, mode };
    case "symlink":
      return { kind: "symlink", path, mtime, target: header.linkname ?? "" };
    case "link":
      return { kind: "hardlink", path, mtime, target: pathOf(header.linkname ?? "", header, root) };
    case "character-device":
    case "block-device":
    case "fifo":
      throw specialFile(header.name);
    default:
      throw refused(root.from, header.name, "its kind is unknown");
  }
}

function pathOf(name: string, { type }: Header, { from, name: only, isBare }: OpenRoot): string {
  const bare = type === "directory" ? name.replace(/\/$/, "") : name;
  if (only === undefined) {
    if (bare === ".") return "";
    if (bare.startsWith("./") && bare !== "./") return bare.slice(2);
    if (isBare && !bare.startsWith("./")) return bare;
  } else if (bare.replace(/^\.\//, "") === only) {
    return "";
  }
  throw refused(from, name, "it was not asked for");
}
