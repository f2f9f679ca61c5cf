import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** `file a`, `exec b`, `dir c`, `link d > target`: one line an entry; parents are made. */
export type TreeText = readonly string[];

/**
 * Writes a tree; each file holds its own name.
 * @param encode the bytes of a name; default: UTF-8
 */
export function writeTree(root: string, tree: TreeText, encode: (path: string) => Buffer = toUtf8): void {
  mkdirSync(root, { recursive: true });
  for (const line of tree) {
    const [kind = "", rest = ""] = splitOnce(line, " ");
    const [path, target = ""] = kind === "link" ? splitOnce(rest, " > ") : [rest];
    const place = encode(`${root}/${path}`);
    mkdirSync(encode(dirname(`${root}/${path}`)), { recursive: true });
    if (kind === "dir") mkdirSync(place, { recursive: true });
    else if (kind === "link") symlinkSync(encode(target), place);
    else writeFileSync(place, `content of ${path}\n`);
    if (kind === "exec") chmodSync(place, 0o755);
  }
}

function toUtf8(path: string): Buffer {
  return Buffer.from(path);
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
