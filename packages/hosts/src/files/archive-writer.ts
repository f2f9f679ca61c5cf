import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";
import type { FileEntry } from "./file-entry.js";

type Pack = ReturnType<typeof pack>;

// tar-stream writes times as 31 bits; later ones go into an extended header.
const latestTime = 2 ** 31 - 1;
// Without a kind, tar-stream takes the mode 0 for "none given".
const regularFile = 0o100000;
/** In front of the entries of a directory's contents. */
const rootName = "./";

/** A tar stream of entries, all owned by root. What breaks the entries breaks the stream. Nothing is opened before it is read. */
export function packEntries(entries: AsyncIterable<FileEntry>): Readable {
  return Readable.from(readPacked(entries), { objectMode: false });
}

async function* readPacked(entries: AsyncIterable<FileEntry>): AsyncGenerator<Buffer> {
  const tar = pack();
  packAll(tar, entries).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error as Error),
  );
  // tar-stream's own streams are not Node's, and are ended otherwise.
  yield* tar as AsyncIterable<Buffer>;
}

async function packAll(tar: Pack, entries: AsyncIterable<FileEntry>): Promise<void> {
  for await (const entry of entries) {
    const header = headerOf(entry);
    if (entry.kind !== "file" || entry.sizeBytes === 0) {
      await new Promise<void>((resolve, reject) => {
        tar.entry(header, Buffer.alloc(0), (error) => (error ? reject(error) : resolve()));
      });
    } else {
      await pipeline(Readable.from(entry.content(), { objectMode: false }), tar.entry(header));
    }
  }
}

function headerOf(entry: FileEntry): Partial<Header> & { name: string } {
  const isDirectory = entry.kind === "directory";
  const name = `${rootName}${entry.path}${isDirectory && entry.path !== "" ? "/" : ""}`;
  const time = Math.max(entry.mtime, 0);
  const extended = time > latestTime ? { pax: { mtime: String(time) } } : {};
  const common = { name, uid: 0, gid: 0, mtime: new Date(Math.min(time, latestTime) * 1000), ...extended };
  switch (entry.kind) {
    case "file":
      return { ...common, type: "file", mode: entry.mode | regularFile, size: entry.sizeBytes };
    case "directory":
      return { ...common, type: "directory", mode: entry.mode | regularFile };
    case "symlink":
      return { ...common, type: "symlink", mode: 0o777, linkname: entry.target };
    case "hardlink":
      return { ...common, type: "link", mode: 0o644, linkname: `${rootName}${entry.target}` };
  }
}
