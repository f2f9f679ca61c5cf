import { constants } from "node:fs";
import { Readable } from "node:stream";
import { encodeRawNames, hasRawBytes } from "@otto/hashing";
import { type Headers, type PackOptions, pack as packFrom } from "tar-fs";
import { type Pack, pack } from "tar-stream";

/** What goes into a tar. `path` is relative, without `..`. */
export type PackedEntry = PackedFile | { readonly path: string; readonly target: string };

interface PackedFile {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  read(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** tar-fs takes each name from the front of a list. */
const entriesAtOnce = 1000;
const root = "/tree";
const noTime = new Date(0);

/** Streams entries as one tar. The caller must read it to its end or destroy it. Reading throws what went wrong. */
export function packTree(entries: readonly PackedEntry[]): Readable {
  const archive = pack().on("error", leaveToReader);
  const stream = Readable.from(archive, { objectMode: false });
  stream.on("error", leaveToReader).once("close", () => archive.destroy());
  packNext(archive, entries);
  return stream;
}

/** The reader gets the error of the stream. An `error` event without a listener would end the process. */
function leaveToReader(): void {}

function packNext(archive: Pack, entries: readonly PackedEntry[]): void {
  if (entries.length === 0) {
    archive.finalize();
    return;
  }
  const some = new Map(entries.slice(0, entriesAtOnce).map((entry) => [entry.path, entry] as const));
  const options: TarFsOptions = {
    entries: [...some.keys()],
    fs: createTreeFiles(some),
    umask: 0,
    map: (header) => nameEntry(archive, header, some.get(header.name)),
    pack: archive,
    finalize: false,
    finish: () => packNext(archive, entries.slice(entriesAtOnce)),
  };
  packFrom(root, options as object);
}

/** tar-stream writes UTF-8 alone: other names stand in a record before the entry, and something short in their place. */
function nameEntry(archive: Pack, header: Headers, entry: PackedEntry | undefined): Headers {
  const names = encodeRawNames(header.name, entry === undefined ? "" : targetOf(entry), noTime);
  if (names === undefined) return header;
  archive.push(names);
  return { ...header, name: rawName };
}

const rawName = "raw-name";

function targetOf(entry: PackedEntry): string {
  return "target" in entry ? entry.target : "";
}

function writtenTarget(entry: PackedEntry): string {
  return hasRawBytes(entry.path + targetOf(entry)) ? rawName : targetOf(entry);
}

/** Its types are those of a version that had no `fs` and `umask`, and of another version of tar-stream. */
interface TarFsOptions extends Omit<PackOptions, "pack"> {
  readonly pack: Pack;
  readonly fs: TreeFiles;
  readonly umask: number;
}

type Callback<T> = (error: Error | null, value?: T) => void;

/** What tar-fs asks of a file system, answered by what was listed: it sees the files as they were then. */
interface TreeFiles {
  lstat(path: string, done: Callback<object>): void;
  readlink(path: string, done: Callback<string>): void;
  createReadStream(path: string): Readable;
}

function createTreeFiles(entries: ReadonlyMap<string, PackedEntry>): TreeFiles {
  const at = (path: string): PackedEntry => {
    const entry = entries.get(path.slice(root.length + 1));
    if (entry === undefined) throw new RangeError(`There is no entry ${path}.`);
    return entry;
  };
  return {
    lstat: (path, done) => done(null, describe(at(path))),
    readlink: (path, done) => done(null, writtenTarget(at(path))),
    createReadStream: (path) => {
      const entry = at(path);
      return Readable.from("target" in entry ? [] : entry.read(), { objectMode: false });
    },
  };
}

/** On the parent everything belongs to the login that unpacks it. */
function describe(entry: PackedEntry): object {
  const isLink = "target" in entry;
  return {
    mode: isLink ? constants.S_IFLNK | 0o777 : constants.S_IFREG | entry.mode,
    size: isLink ? 0 : entry.size,
    mtime: noTime,
    uid: 0,
    gid: 0,
    isSocket: () => false,
    isDirectory: () => false,
    isSymbolicLink: () => isLink,
    isFile: () => !isLink,
  };
}
