import { lstatSync, readlinkSync } from "node:fs";
import { parseIgnoreFile } from "@otto/dockerignore";
import { readBoundedFileSync } from "@otto/errors";
import { decodePath, printablePath } from "@otto/hashing";
import type { IgnoreFile } from "./build-context.js";
import { isMissing, unreadable } from "./fs-error.js";
import { entryFsPath, pathBelow, toFsPath } from "./fs-path.js";

const mostLinks = 255;

/**
 * Reads the rules for a context: `<Dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` at the
 * context's root.
 *
 * @param dockerfile absolute path without symbolic links on the way
 * @throws IGNORE_FILE_INVALID, CONTEXT_UNREADABLE
 */
export function readIgnoreFile(root: string, dockerfile?: string): IgnoreFile | undefined {
  const own = dockerfile === undefined ? undefined : readBesideDockerfile(dockerfile);
  const found = own ?? readScoped(root, ".dockerignore");
  if (found === undefined) return undefined;
  const { path, content } = found;
  // Patterns travel to Docker's client as JSON, which turns every byte that is not UTF-8 into U+FFFD.
  const patterns = parseIgnoreFile(printablePath(decodePath(content)));
  return { path, contextPath: pathBelow(root, path), content, patterns };
}

function readBesideDockerfile(dockerfile: string): FoundFile | undefined {
  const slash = dockerfile.lastIndexOf("/");
  return readScoped(dockerfile.slice(0, slash) || "/", `${dockerfile.slice(slash + 1)}.dockerignore`);
}

interface FoundFile {
  readonly path: string;
  readonly content: Buffer;
}

/** BuildKit sees only what lies below the root: a link out of it leads nowhere, an absolute one starts at the root. */
function readScoped(root: string, name: string): FoundFile | undefined {
  const path = resolveScoped(root, name);
  if (path === undefined) return undefined;
  try {
    const content = readBoundedFileSync(entryFsPath(root, path));
    return { path: root.endsWith("/") ? root + name : `${root}/${name}`, content };
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** The place of the regular file that `path` leads to inside `root`. */
function resolveScoped(root: string, path: string): string | undefined {
  let todo = path.split("/");
  let done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const [part = "", ...rest] = todo;
    todo = rest;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    const kind = kindAt(root, [...done, part]);
    if (kind === undefined || (kind === "file" && todo.length > 0)) return undefined;
    if (kind !== "symlink") {
      done.push(part);
      continue;
    }
    if (++links > mostLinks) return undefined;
    const target = decodePath(readlinkSync(entryFsPath(root, [...done, part].join("/")), { encoding: "buffer" }));
    if (target.startsWith("/")) done = [];
    todo = [...target.split("/"), ...todo];
  }
  return kindAt(root, done) === "file" ? done.join("/") : undefined;
}

function kindAt(root: string, parts: readonly string[]): "file" | "directory" | "symlink" | undefined {
  try {
    const stats = lstatSync(toFsPath(`${root}/${parts.join("/")}`));
    if (stats.isSymbolicLink()) return "symlink";
    if (stats.isDirectory()) return "directory";
    return stats.isFile() ? "file" : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(parts.join("/"), error);
  }
}
