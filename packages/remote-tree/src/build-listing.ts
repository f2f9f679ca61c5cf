import { lstat, readdir, realpath } from "node:fs/promises";
import { join, posix } from "node:path";
import { readIgnoreFile } from "@otto/context";
import { createIgnoreMatcher, type DirectoryMatch, type IgnoreMatcher } from "@otto/dockerignore";
import { decodePath } from "@otto/hashing";
import { readingFile, refuseRawBytes } from "./unreadable.js";

/**
 * Every path of a directory, the directory itself as "". Sockets, FIFOs and devices are left out.
 * @throws OttoError `STAGING_FILE_UNREADABLE`
 */
export function listPaths(root: string): Promise<string[]> {
  return listIncluded(root, []);
}

/**
 * The paths of a context that a build by this Dockerfile sees. The Dockerfile and the rules are among them even when they
 * are ignored: the builder reads them, and leaves them out of the image itself.
 * @param dockerfile absolute; undefined: `.dockerignore` alone rules
 * @throws OttoError `IGNORE_FILE_INVALID`, `IGNORE_PATTERN_INVALID`, `CONTEXT_UNREADABLE`, `STAGING_FILE_UNREADABLE`
 */
export async function listSeen(root: string, dockerfile: string | undefined): Promise<string[]> {
  const paths = await listIncluded(root, readIgnoreFile(root, dockerfile)?.patterns ?? []);
  const own = dockerfile === undefined ? [] : [dockerfile, `${dockerfile}.dockerignore`];
  const read = [join(root, ".dockerignore"), ...own].map((path) => pathsInside(root, path));
  return [...new Set([...paths, ...(await Promise.all(read)).flat()])];
}

async function listIncluded(root: string, patterns: readonly string[]): Promise<string[]> {
  const matcher = await createIgnoreMatcher(patterns);
  const paths = [""];
  await walk({ root, matcher, paths }, "", matcher.root);
  return paths;
}

interface Walk {
  readonly root: string;
  readonly matcher: IgnoreMatcher;
  readonly paths: string[];
}

async function walk(from: Walk, directory: string, match: DirectoryMatch): Promise<void> {
  const { root, matcher, paths } = from;
  const at = join(root, directory);
  for (const found of await readingFile(at, readdir(at, { withFileTypes: true, encoding: "buffer" }))) {
    const name = decodePath(found.name);
    const path = posix.join(directory, name);
    if (found.isDirectory()) {
      const inner = matcher.matchDirectory(path, match);
      if (!inner.ignored || inner.mayHoldIncluded) refuseRawBytes(at, name);
      if (!inner.ignored) paths.push(path);
      if (inner.mayHoldIncluded) await walk(from, path, inner);
    } else if ((found.isFile() || found.isSymbolicLink()) && !matcher.ignores(path, match)) {
      refuseRawBytes(at, name);
      paths.push(path);
    }
  }
}

/** A file, and what it leads to if it is a link; of both, what lies in the context. */
async function pathsInside(root: string, path: string): Promise<string[]> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return [];
  const target = await realpath(path).catch(() => path);
  return [path, target].map((one) => posix.relative(root, one)).filter((one) => !one.startsWith("../"));
}
