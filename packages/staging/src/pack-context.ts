import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BuildContext, ContextTree } from "@otto/context";
import { encodeRawNames, type FileEntry, hasRawBytes } from "@otto/hashing";
import { type Header, type Pack, pack } from "tar-stream";
import { type PackedEntry, planArchive } from "./context-archive.js";

// One fixed day for everything: an archive of the same entries has the same bytes wherever and whenever it is made.
const fixedTime = new Date(Date.UTC(2000, 0, 1));

export interface PackContextOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Streams a context as a tar for an engine's `POST /build` without BuildKit; pass `await packedDockerfileName(context)`
 * as its `dockerfile`. The same entries give the same bytes. Files are read one at a time, as the stream is read; the
 * caller reads it to its end or destroys it. It fails with CONTEXT_FILE_CHANGED, CONTEXT_UNREADABLE or, when the
 * `.dockerignore` is of a kind that such a builder cannot work with, CONTEXT_NOT_PACKABLE.
 */
export function packContext(context: BuildContext, options: PackContextOptions = {}): Readable {
  const archive = pack();
  const stream = Readable.from(archive, { objectMode: false, signal: options.signal });
  // It may fail, or be aborted, before its reader comes, who is told of it then.
  stream.on("error", () => {}).once("close", () => archive.destroy());
  writeContext(archive, context).catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

/**
 * The Dockerfile's name in the archive of {@link packContext}.
 *
 * @throws CONTEXT_NOT_PACKABLE
 */
export async function packedDockerfileName(context: BuildContext): Promise<string> {
  return (await planArchive(context)).dockerfileName;
}

async function writeContext(archive: Pack, tree: BuildContext): Promise<void> {
  const { entries } = await planArchive(tree);
  for (const entry of entries) {
    const names = encodeRawNames(entry.path, entry.kind === "symlink" ? entry.target : "", fixedTime);
    if (names !== undefined) archive.push(names);
    await writeEntry(archive, tree, entry);
  }
  archive.finalize();
}

async function writeEntry(archive: Pack, tree: ContextTree, entry: PackedEntry): Promise<void> {
  if (entry.kind === "file") return writeFile(archive, tree, entry);
  if (entry.kind === "content")
    return writeContent(archive, header(entry.path, "file", 0o644), await entry.content(tree));
  if (entry.kind === "directory") return writeContent(archive, header(entry.path, "directory", 0o755));
  return writeContent(archive, { ...header(entry.path, "symlink", 0o777), linkname: writtenName(entry.target) });
}

async function writeFile(archive: Pack, tree: ContextTree, entry: FileEntry): Promise<void> {
  const mode = entry.executable ? 0o755 : 0o644;
  if (entry.sameAs !== undefined && !hasRawBytes(entry.sameAs)) {
    return writeContent(archive, { ...header(entry.path, "link", mode), linkname: entry.sameAs });
  }
  const sink = archive.entry({ ...header(entry.path, "file", mode), size: entry.size });
  // A stream of streamx does all that pipeline asks of a Writable, but its types do not say so.
  await pipeline(tree.openFile(entry), sink as unknown as Writable);
}

async function writeContent(
  archive: Pack,
  fields: Partial<Header> & { name: string },
  content?: Buffer,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content === undefined) archive.entry(fields, done);
    else archive.entry(fields, content, done);
  });
}

function header(path: string, type: Header["type"], mode: number) {
  return { name: writtenName(path), type, mode, mtime: fixedTime, uid: 0, gid: 0, uname: "", gname: "" };
}

/** tar-stream writes UTF-8 alone: other names stand in a record before the entry. */
function writtenName(name: string): string {
  return hasRawBytes(name) ? "raw-name" : name;
}
