import { createHash } from "node:crypto";
import { posix } from "node:path";
import { type LocalEntry, type LocalTree, readTree, type TreeView } from "@otto/context";
import { viewOfBuild } from "./build-view.js";
import { createIgnoredTest, ignorePatterns } from "./ignore-rules.js";
import { readingFiles, refuseUnreadable, verifyReading } from "./local-error.js";
import { isInTree } from "./sent-tree.js";
import type { LocalTreeFile, TreeEntry, TreeFile } from "./tree-entry.js";

const directoryMode = 0o755;
const textMode = 0o600;

/** What files amount to. */
export interface TreeListing {
  /** Each once, in path order. */
  readonly entries: readonly TreeEntry[];
  /** By service: the paths in the tree that its build sees. */
  readonly built: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether a file's `ignore` leaves out what lies, or would lie, at this path in the tree. */
  readonly isIgnored: (path: string) => boolean;
}

export interface ListTreeOptions {
  /** The directory for the digests of files that have not changed since; `false` (the default) reads every file. */
  readonly cacheDir?: string | false | undefined;
  /** Directories of the tree that need not exist here. */
  readonly directories?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists all that the files amount to, directories with all that is in them but what their `ignore` says. Of a `build`
 * directory that is what any of its builds sees, each by its own ignore rules. Sockets, FIFOs and devices are left out.
 * @throws OttoError `IGNORE_FILE_INVALID`, `IGNORE_PATTERN_INVALID`, `CONTEXT_UNREADABLE`, `STAGING_FILE_UNREADABLE`, `STAGING_FILE_CHANGED`
 */
export async function listTree(files: readonly TreeFile[], options: ListTreeOptions = {}): Promise<TreeListing> {
  const entries = new Map<string, TreeEntry>();
  const built = new Map<string, Set<string>>();
  const add = (entry: TreeEntry) => {
    addAncestors(entries, entry.path);
    entries.set(entry.path, entry);
  };
  const { directories = [] } = options;
  const outside = [...directories, ...files.map(({ remotePath }) => remotePath)].find((path) => !isInTree(path));
  if (outside !== undefined) throw new TypeError(`The path leads out of the tree: ${JSON.stringify(outside)}`);
  for (const path of directories) add({ kind: "directory", path, mode: directoryMode });
  const local = files.flatMap((file) => ("content" in file ? [] : [file]));
  for (const same of groupByPlace(local)) for (const entry of await listPlace(same, built, options)) add(entry);
  for (const file of files) if ("content" in file) add(textEntry(file));
  const isIgnored = await createIgnoredTest(local);
  return { entries: [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), built, isIgnored };
}

/** What is mounted and built from, too, is read once: each reading keeps the digests of what it has seen alone. */
function groupByPlace(files: readonly LocalTreeFile[]): LocalTreeFile[][] {
  const groups = new Map<string, LocalTreeFile[]>();
  for (const file of files) {
    const key = `${file.localPath}\0${file.remotePath}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

function addAncestors(entries: Map<string, TreeEntry>, path: string): void {
  for (let at = posix.dirname(path); at !== "." && !entries.has(at); at = posix.dirname(at))
    entries.set(at, { kind: "directory", path: at, mode: directoryMode });
}

function textEntry({ remotePath, content }: { remotePath: string; content: string }): TreeEntry {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return { kind: "file", path: remotePath, mode: textMode, size: bytes.length, digest, read: () => [bytes] };
}

/** A part of a place, and the services whose builds see that part. */
interface SeenView {
  readonly view: TreeView;
  readonly services: readonly string[];
}

/** Notes what the services of a build see. @param files of one place */
async function listPlace(
  files: readonly LocalTreeFile[],
  built: Map<string, Set<string>>,
  { cacheDir, signal }: ListTreeOptions,
): Promise<TreeEntry[]> {
  const { localPath = "", remotePath = "" } = files[0] ?? {};
  const seen = (await Promise.all(files.map(viewsOf))).flat();
  const views = seen.map(({ view }) => view);
  const tree = await readingFiles(localPath, readTree(localPath, { views, cacheDir, signal }));
  refuseUnreadable(localPath, tree.unsendable);
  for (const [index, { services }] of seen.entries())
    for (const service of services) noteSeen(built, service, pathsIn(remotePath, tree.views[index]));
  return tree.entries.map((entry) => toEntry(entry, { tree, localPath, remotePath }));
}

async function viewsOf({ localPath, kind, builds = [], ignore = [] }: LocalTreeFile): Promise<SeenView[]> {
  if (kind !== "build")
    return [{ view: { patterns: ignorePatterns(ignore) }, services: builds.map((one) => one.service) }];
  if (builds.length === 0) return [{ view: await viewOfBuild(localPath, undefined), services: [] }];
  return Promise.all(
    builds.map(async ({ service, dockerfile }) => {
      return { view: await viewOfBuild(localPath, dockerfile), services: [service] };
    }),
  );
}

function pathsIn(remotePath: string, paths: Iterable<string> = []): string[] {
  return [...paths].map((path) => pathIn(remotePath, path));
}

function pathIn(remotePath: string, path: string): string {
  return path === "" ? remotePath : `${remotePath}/${path}`;
}

function noteSeen(built: Map<string, Set<string>>, service: string, paths: readonly string[]): void {
  const seen = built.get(service) ?? new Set();
  for (const path of paths) seen.add(path);
  built.set(service, seen);
}

interface Origin {
  readonly tree: LocalTree;
  readonly localPath: string;
  readonly remotePath: string;
}

function toEntry(entry: LocalEntry, { tree, localPath, remotePath }: Origin): TreeEntry {
  const path = pathIn(remotePath, entry.path);
  if (entry.kind === "symlink") return { kind: "symlink", path, target: entry.target };
  // Without these bits the login could not put the contents there.
  if (entry.kind === "directory") return { kind: "directory", path, mode: entry.mode | 0o700 };
  const { mode, size, digest } = entry;
  const read = () => verifyReading(localPath, tree.readFile(entry));
  return { kind: "file", path, mode, size, digest, read };
}
