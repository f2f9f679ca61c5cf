import { realpathSync } from "node:fs";
import { decodePath, encodePath, hasRawBytes } from "@otto/hashing";

/** What node:fs wants for a path that may hold bytes that are not UTF-8. */
export function toFsPath(path: string): string | Buffer {
  return hasRawBytes(path) ? encodePath(path) : path;
}

/** The path of an entry of the tree at `root`; the root itself is "". */
export function entryFsPath(root: string, path: string): string | Buffer {
  if (path === "") return toFsPath(root);
  return toFsPath(root.endsWith("/") ? root + path : `${root}/${path}`);
}

/** The path without symbolic links. */
export function realPath(path: string): string {
  return decodePath(realpathSync(toFsPath(path), { encoding: "buffer" }));
}

/** Where `path` lies below `root`, both without symbolic links; nothing when it does not. */
export function pathBelow(root: string, path: string): string | undefined {
  const prefix = root.endsWith("/") ? root : `${root}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
}
