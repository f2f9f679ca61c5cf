import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";
import type { FileEntry } from "./file-entry.js";

type Pack = ReturnType<typeof pack>;

// tar-stream writes times as 31 bits; later ones go into an extended header.
const latestTime = 2 ** 31 - 1;
// Without a kind, tar-stream takes the mode 0 for "none given".
const regularFile = 0o100000;
const blockBytes = 128 * 1024;
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
  yield* gather(tar as AsyncIterable<Buffer>);
}

/** Larger blocks: a header, a small file and its padding are three chunks, and each one written is a call of the system. */
async function* gather(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < blockBytes) continue;
    yield Buffer.concat(held);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield Buffer.concat(held);
}

async function packAll(tar: Pack, entries: AsyncIterable<FileEntry>): Promise<void> {
  for await (const entry of entries) {
    const header = headerOf(entry);
    if (entry.kind !== "file" || entry.sizeBytes === 0) await packWhole(tar, header, Buffer.alloc(0));
    else if (entry.sizeBytes <= blockBytes) await packWhole(tar, header, await readAll(entry.content()));
    else await pipeline(Readable.from(entry.content(), { objectMode: false }), tar.entry(header));
  }
}

/** A stream for each of many small files takes longer than all the rest. */
function packWhole(tar: Pack, header: ReturnType<typeof headerOf>, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, content, (error) => (error ? reject(error) : resolve()));
  });
}

async function readAll(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
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
