import { createHash } from "node:crypto";
import { posix } from "node:path";
import { describeFileError, isOttoError } from "@otto/errors";
import type { ComposeSource, LocalEntry, LocalReader } from "../project.js";
import { composeError } from "../text/compose-error.js";
import type { Location } from "../text/location.js";
import { isWithin, type LocalPath, resolveLocalPath } from "./local-path.js";

/** A local file or directory that may be sent, and where it belongs in the staged tree. */
export interface ResolvedPath {
  /** Without symbolic links. */
  readonly localPath: string;
  readonly remotePath: string;
  readonly entry: "file" | "directory";
}

/** A file that is referred to, and by whom. */
export interface FileReference {
  readonly local: LocalPath;
  readonly location: Location;
}

/** The disk, what of it may be sent, and where that goes. */
export interface LocalDisk {
  readonly stat: LocalReader["stat"];
  /** Absolute; what `~` means. */
  readonly home: string;
  /** What `text` names when it stands in a file whose paths start from `base`. */
  pathOf(text: string, base: string): LocalPath;
  /**
   * @throws OttoError `COMPOSE_PATH_OUTSIDE_REPO`, `COMPOSE_FILE_MISSING`, `COMPOSE_PATH_UNSUPPORTED`.
   */
  resolve(local: LocalPath, location: Location): Promise<ResolvedPath>;
  /** The same, but `undefined` for what cannot be sent. */
  find(local: LocalPath): Promise<ResolvedPath | undefined>;
  /** @throws OttoError `COMPOSE_FILE_INVALID`, and those of {@link LocalDisk.resolve} */
  readText(local: LocalPath, location: Location): Promise<{ readonly text: string; readonly resolved: ResolvedPath }>;
  /** Where a path belongs in the staged tree, whether or not anything of it may be sent. */
  remotePathOf(local: LocalPath): string;
  /** As users know it. */
  display(path: string): string;
  /** Lies in the repo, whichever of its names the path uses. */
  isInRepo(path: string): boolean;
}

/** Looks up where the repo really lies, and what is allowed beside it. */
export async function createLocalDisk(source: ComposeSource, reader: LocalReader): Promise<LocalDisk> {
  const { home } = source;
  const root = posix.resolve(source.repoRoot);
  const realRoot = (await reader.stat(root))?.realPath ?? root;
  const allowed = await allowedPaths(source, reader, root);
  const isAllowed = (path: string) => allowed === true || allowed.some((directory) => isWithin(path, directory));
  const isInRepo = (path: string) => isWithin(path, root) || isWithin(path, realRoot);
  const display = (path: string) => (isWithin(path, root) ? posix.relative(root, path) || "." : path);

  const remotePathOf = ({ path, fromHome }: LocalPath) => {
    if (isWithin(path, realRoot)) return posix.join("repo", posix.relative(realRoot, path));
    if (isWithin(path, root)) return posix.join("repo", posix.relative(root, path));
    const name = fromHome ? `~/${posix.relative(home, path)}` : posix.relative(root, path);
    return posix.join("outside", shortHash(name), posix.basename(path) || "root");
  };

  const sendable = (local: LocalPath, entry: LocalEntry): ResolvedPath | undefined => {
    if (entry.kind === "other" || !(isWithin(entry.realPath, realRoot) || isAllowed(entry.realPath))) return undefined;
    // A link of the repo keeps its own name for itself: the mirror may hold it as a link.
    const isLinked = isWithin(entry.realPath, realRoot) || isInRepo(local.path);
    const remotePath = remotePathOf(isLinked ? { path: entry.realPath, fromHome: false } : local);
    return { localPath: entry.realPath, remotePath, entry: entry.kind };
  };

  const resolve: LocalDisk["resolve"] = async (local, location) => {
    const entry = await reader.stat(local.path);
    const path = display(local.path);
    const inside =
      entry === undefined ? isInRepo(local.path) || isAllowed(local.path) : isWithin(entry.realPath, realRoot);
    const outside = !inside && !(entry !== undefined && isAllowed(entry.realPath));
    if (outside)
      throw composeError("COMPOSE_PATH_OUTSIDE_REPO", location, outsideMessage(path, local, isInRepo(local.path)));
    const shown = location.file === path ? "it" : path;
    if (entry === undefined) throw composeError("COMPOSE_FILE_MISSING", location, `${shown} does not exist`);
    const resolved = sendable(local, entry);
    if (resolved === undefined)
      throw composeError("COMPOSE_PATH_UNSUPPORTED", location, `${path} is a socket, FIFO or device`);
    return resolved;
  };

  return {
    ...{ home, remotePathOf, display, isInRepo, resolve },
    stat: (path) => reader.stat(path),
    pathOf: (text, base) => resolveLocalPath(text, base, home),
    async find(local) {
      const entry = await reader.stat(local.path);
      return entry === undefined ? undefined : sendable(local, entry);
    },
    async readText(local, location) {
      const resolved = await resolve(local, location);
      const path = display(local.path);
      if (resolved.entry === "directory")
        throw composeError("COMPOSE_FILE_INVALID", location, `${path} is a directory`);
      const text = await reader.readText(resolved.localPath).catch((cause: unknown) => {
        if (isOttoError(cause)) throw cause;
        throw composeError("COMPOSE_FILE_INVALID", location, `${path}: ${describeFileError(cause)}`);
      });
      if (text === undefined) throw composeError("COMPOSE_FILE_MISSING", location, `${path} cannot be read`);
      return { text, resolved };
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
