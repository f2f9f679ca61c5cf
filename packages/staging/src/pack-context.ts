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
    const record = encodeRawNames(entry.path, targetOf(entry), fixedTime);
    if (record !== undefined) archive.push(record);
    const names = record === undefined ? { name: entry.path, linkname: targetOf(entry) } : rawNames;
    await writeEntry(archive, tree, { entry, names });
  }
  archive.finalize();
}

/** tar-stream writes UTF-8 alone: other names stand in a record before the entry, and these in their place. */
const rawNames: Names = { name: "raw-name", linkname: "raw-name" };

interface Names {
  readonly name: string;
  readonly linkname: string;
}

/** Of a link, or of a further name of a file; empty for others. */
function targetOf(entry: PackedEntry): string {
  if (entry.kind === "symlink") return entry.target;
  return entry.kind === "file" && entry.sameAs !== undefined && !hasRawBytes(entry.sameAs) ? entry.sameAs : "";
}

interface NamedEntry<T extends PackedEntry = PackedEntry> {
  readonly entry: T;
  readonly names: Names;
}

async function writeEntry(archive: Pack, tree: ContextTree, { entry, names }: NamedEntry): Promise<void> {
  const { name, linkname } = names;
  if (entry.kind === "file") return writeFile(archive, tree, { entry, names });
  if (entry.kind === "content") return writeContent(archive, header(name, "file", 0o644), await entry.content(tree));
  if (entry.kind === "directory") return writeContent(archive, header(name, "directory", 0o755));
  return writeContent(archive, { ...header(name, "symlink", 0o777), linkname });
}

async function writeFile(
  archive: Pack,
  tree: ContextTree,
  { entry, names: { name, linkname } }: NamedEntry<FileEntry>,
): Promise<void> {
  const mode = entry.executable ? 0o755 : 0o644;
  if (targetOf(entry) !== "") return writeContent(archive, { ...header(name, "link", mode), linkname });
  const sink = archive.entry({ ...header(name, "file", mode), size: entry.size });
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

function header(name: string, type: Header["type"], mode: number) {
  return { name, type, mode, mtime: fixedTime, uid: 0, gid: 0, uname: "", gname: "" };
}
