import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { ComposeSource, LocalEntry, LocalReader } from "../project.js";
import { composeError } from "../text/faults.js";
import type { Place } from "../text/yaml-tree.js";
import { isWithin, type LocalPath, resolveLocalPath } from "./local-path.js";

/** A local file or directory that may be shipped, and its place in the staged tree. */
export interface Located {
  /** Without symbolic links. */
  readonly localPath: string;
  readonly remotePath: string;
  readonly entry: "file" | "directory";
}

export interface Locator {
  /**
   * @throws OttoError `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_UNSUPPORTED`.
   */
  locate(local: LocalPath, place: Place): Promise<Located>;
  /** The same, but `undefined` for what cannot be shipped. */
  find(local: LocalPath): Promise<Located | undefined>;
  /** Where a path belongs in the staged tree, whether or not anything of it may be shipped. */
  remotePathOf(local: LocalPath): string;
  /** As users know it. */
  display(path: string): string;
  /** Lies in the repo, whichever of its names the path uses. */
  isInRepo(path: string): boolean;
}

/** Looks up where the repo really lies, and what is allowed beside it. */
export async function createLocator(source: ComposeSource, reader: LocalReader): Promise<Locator> {
  const root = posix.resolve(source.repoRoot);
  const realRoot = (await reader.stat(root))?.realPath ?? root;
  const allowed = await allowedPaths(source, reader, root);
  const isAllowed = (path: string) => allowed === true || allowed.some((directory) => isWithin(path, directory));
  const isInRepo = (path: string) => isWithin(path, root) || isWithin(path, realRoot);
  const display = (path: string) => (isWithin(path, root) ? posix.relative(root, path) || "." : path);

  const remotePathOf = ({ path, fromHome }: LocalPath) => {
    if (isWithin(path, realRoot)) return posix.join("repo", posix.relative(realRoot, path));
    if (isWithin(path, root)) return posix.join("repo", posix.relative(root, path));
    const name = fromHome ? `~/${posix.relative(source.home, path)}` : posix.relative(root, path);
    return posix.join("outside", shortHash(name), posix.basename(path) || "root");
  };

  const placed = (local: LocalPath, entry: LocalEntry): Located | undefined => {
    if (entry.kind === "other" || !(isWithin(entry.realPath, realRoot) || isAllowed(entry.realPath))) return undefined;
    // A link of the repo keeps its own name for itself: the mirror may hold it as a link.
    const isLinked = isWithin(entry.realPath, realRoot) || isInRepo(local.path);
    const remotePath = remotePathOf(isLinked ? { path: entry.realPath, fromHome: false } : local);
    return { localPath: entry.realPath, remotePath, entry: entry.kind };
  };

  return {
    remotePathOf,
    display,
    isInRepo,
    async find(local) {
      const entry = await reader.stat(local.path);
      return entry === undefined ? undefined : placed(local, entry);
    },
    async locate(local, place) {
      const entry = await reader.stat(local.path);
      const path = display(local.path);
      const inside =
        entry === undefined ? isInRepo(local.path) || isAllowed(local.path) : isWithin(entry.realPath, realRoot);
      const outside = !inside && !(entry !== undefined && isAllowed(entry.realPath));
      if (outside)
        throw composeError("COMPOSE_PATH_OUTSIDE_REPO", place, outsideMessage(path, local, isInRepo(local.path)));
      const shown = place.file === path ? "it" : path;
      if (entry === undefined) throw composeError("COMPOSE_FILE_MISSING", place, `${shown} does not exist`);
      const located = placed(local, entry);
      if (located === undefined)
        throw composeError("COMPOSE_PATH_UNSUPPORTED", place, `${path} is a socket, FIFO or device`);
      return located;
    },
  };
}

async function allowedPaths(source: ComposeSource, reader: LocalReader, root: string): Promise<true | string[]> {
  if (source.allowOutside === true) return true;
  const paths: string[] = [];
  for (const text of source.allowOutside === false ? [] : (source.allowOutside ?? [])) {
    const { path } = resolveLocalPath(text, root, source.home);
    paths.push(path, (await reader.stat(path))?.realPath ?? path);
  }
  return paths;
}

function outsideMessage(path: string, local: LocalPath, linked: boolean): string {
  if (linked) return `${path} is a link that leads out of the repo`;
  return `${path} is outside the repo${local.fromHome ? ", in the home directory" : ""}`;
}

/** Short enough to read, long enough that no two paths of one project meet. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
