import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { type ContextEntry, decodePath, encodePath } from "@otto/hashing";

/** `file a`, `exec b`, `dir c`, `link d > target`: one line an entry; parents are made. Names as in `ContextEntry`. */
export type TreeText = readonly string[];

export function writeTree(root: string, tree: TreeText): void {
  mkdirSync(root, { recursive: true });
  for (const line of tree) {
    const [kind = "", rest = ""] = splitOnce(line, " ");
    const [path, target = ""] = kind === "link" ? splitOnce(rest, " > ") : [rest];
    const place = encodePath(`${root}/${path}`);
    mkdirSync(encodePath(dirname(`${root}/${path}`)), { recursive: true });
    if (kind === "dir") mkdirSync(place, { recursive: true });
    else if (kind === "link") symlinkSync(encodePath(target), place);
    else writeFileSync(place, `content of ${path}\n`);
    if (kind === "exec") chmodSync(place, 0o755);
  }
}

/** The tree at `root` in the same notation, by other means than the code under test, with each file's content. */
export function listTree(root: string, directory = ""): string[] {
  const names = readdirSync(encodePath(`${root}/${directory}`), { encoding: "buffer" });
  return names.flatMap((name) =>
    listEntry(root, directory === "" ? decodePath(name) : `${directory}/${decodePath(name)}`),
  );
}

function listEntry(root: string, path: string): string[] {
  const place = encodePath(`${root}/${path}`);
  const stats = lstatSync(place);
  if (stats.isDirectory()) return [`dir ${path}`, ...listTree(root, path)];
  if (stats.isSymbolicLink()) return [`link ${path} > ${decodePath(readlinkSync(place, { encoding: "buffer" }))}`];
  return [`${stats.mode & 0o100 ? "exec" : "file"} ${path} = ${readFileSync(place, "latin1")}`];
}

/** Entries as {@link listTree} shows them. */
export function formatEntries(root: string, entries: readonly ContextEntry[]): string[] {
  return entries.map((entry) => {
    if (entry.kind === "dir") return `dir ${entry.path}`;
    if (entry.kind === "symlink") return `link ${entry.path} > ${entry.target}`;
    const content = readFileSync(encodePath(`${root}/${entry.path}`), "latin1");
    return `${entry.executable ? "exec" : "file"} ${entry.path} = ${content}`;
  });
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
