import { lstat, realpath } from "node:fs/promises";
import { join, posix } from "node:path";
import { readIgnoreFile, type TreeView } from "@otto/context";

/**
 * What a build by this Dockerfile sees of a context. The Dockerfile and the rules are in it even when they are ignored: the
 * builder reads them, and leaves them out of the image itself.
 * @param dockerfile absolute; undefined: `.dockerignore` alone rules
 * @throws OttoError `IGNORE_FILE_INVALID`, `CONTEXT_UNREADABLE`
 */
export async function viewOfBuild(root: string, dockerfile: string | undefined): Promise<TreeView> {
  const own = dockerfile === undefined ? [] : [dockerfile, `${dockerfile}.dockerignore`];
  const read = [join(root, ".dockerignore"), ...own].map((path) => pathsInside(root, path));
  return { patterns: readIgnoreFile(root, dockerfile)?.patterns, paths: (await Promise.all(read)).flat() };
}

/** A file, and what it leads to if it is a link; of both, what lies in the context. */
async function pathsInside(root: string, path: string): Promise<string[]> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return [];
  const target = await realpath(path).catch(() => path);
  return [path, target].map((one) => posix.relative(root, one)).filter((one) => !one.startsWith("../"));
}
