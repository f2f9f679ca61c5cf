import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";
import type { Facts } from "../verb.js";

/** One entry of a tree. */
export interface FileEntry {
  readonly path: string;
  readonly kind: "file" | "dir" | "link";
  /** Content of a file, target of a link. */
  readonly text: string;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly time: number;
}

const modes = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0o644, 0o755, 0o600, 0o700, 0o444, 0o777, 0o640) },
  { weight: 1, arbitrary: fc.constantFrom(0o000, 0o111, 0o4755, 0o2755, 0o1777, 0o6711) },
);
const times = fc.constantFrom(0, 1, 1_000_000_000, 1_700_000_000, 2_147_483_648, 4_294_967_296);

/** Entries whose paths are made of `names`. Two may want the same place; the first has it. */
export function fileEntries(names: readonly string[], maxLength: number): fc.Arbitrary<readonly FileEntry[]> {
  const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const target = fc.oneof(path, fc.constantFrom("..", ".", "/absent", "../a", "/etc/hosts"));
  const entry = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ path, kind: fc.constant("file" as const), text: texts, mode: modes, time: times }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        path,
        kind: fc.constant("dir" as const),
        text: fc.constant(""),
        mode: modes,
        time: times,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        path,
        kind: fc.constant("link" as const),
        text: target,
        mode: fc.constant(0),
        time: times,
      }),
    },
  );
  return fc.array(entry, { maxLength });
}

const texts = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("", "x".repeat(5000), "\0\n"));

/** Writes a tree. Parents that no entry names have the mode 755. */
export async function writeEntries(root: string, entries: readonly FileEntry[]): Promise<void> {
  await mkdir(root, { recursive: true });
  const written: FileEntry[] = [];
  for (const entry of entries) if (await writeEntry(root, entry)) written.push(entry);
  // A directory's time changes with what is written into it: deepest first.
  const settled = written.filter(({ kind }) => kind !== "link").toSorted((a, b) => b.path.length - a.path.length);
  for (const { path, mode, time } of settled) {
    await chmod(join(root, path), mode);
    await utimes(join(root, path), time, time);
  }
}

async function writeEntry(root: string, { path, kind, text }: FileEntry): Promise<boolean> {
  const place = join(root, path);
  try {
    await mkdir(dirname(place), { recursive: true });
    if (kind === "dir") await mkdir(place);
    else if (kind === "link") await symlink(text, place);
    else await writeFile(place, text, { flag: "wx" });
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["EEXIST", "ENOTDIR", "EISDIR", "ENOENT", "ELOOP"].includes(code)) return false;
    throw error;
  }
}

/** Facts of each entry below `root`: kind and content, mode, owner, time. */
export async function listEntries(root: string, directory = ""): Promise<Facts> {
  const facts: Record<string, string> = {};
  for (const name of await readdir(join(root, directory))) {
    const path = join(directory, name);
    const place = join(root, path);
    const stats = await lstat(place);
    const kind = stats.isDirectory() ? "dir" : stats.isSymbolicLink() ? "link" : "file";
    facts[`entry ${path}`] = kind === "dir" ? "dir" : `${kind} ${await contentOf(place, kind)}`;
    facts[`owner ${path}`] = `${stats.uid}:${stats.gid}`;
    if (kind !== "link") facts[`mode ${path}`] = (stats.mode & 0o7777).toString(8);
    // A link's own time is not kept by every reference.
    if (kind !== "link") facts[`time ${path}`] = formatTime(stats.mtimeMs);
    if (kind === "dir") Object.assign(facts, await listEntries(root, path));
  }
  return facts;
}

/** Seconds since 1970, or that it is of this run. */
export function formatTime(ms: number): string {
  return Math.abs(Date.now() - ms) < 3_600_000 ? "now" : `${Math.floor(ms / 1000)}`;
}

async function contentOf(place: string, kind: "file" | "link"): Promise<string> {
  return kind === "link" ? readlink(place) : (await readFile(place)).toString("latin1");
}
