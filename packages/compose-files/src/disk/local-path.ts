import { posix } from "node:path";

/** A path of the local disk as a compose file means it. */
export interface LocalPath {
  /** Absolute and normal, symbolic links not followed. */
  readonly path: string;
  /** Begins in the user's home: another user's is elsewhere. */
  readonly fromHome: boolean;
}

/** Resolves `text` as Compose does: `~` is the home, the rest starts from `base`. */
export function resolveLocalPath(text: string, base: string, home: string): LocalPath {
  if (text.startsWith("~")) return { path: posix.join(home, text.slice(1)), fromHome: true };
  return { path: posix.resolve(base, text), fromHome: false };
}

/** Whether `path` is `directory` or lies in it. Both are absolute and normal. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

/** From the directory `from` to `to`, beginning with a dot: Compose must not take it for the name of a volume. */
export function relativePath(from: string, to: string): string {
  const path = posix.relative(from, to);
  if (path === "") return ".";
  return path.startsWith("../") || path === ".." ? path : `./${path}`;
}

/** Whether a context is fetched from elsewhere: a URL, a git repository, another service's image. */
export function isRemoteContext(text: string): boolean {
  return isFetched(text, ["git@", "github.com/", "service:"]);
}

/** Whether Compose fetches a file from elsewhere: a URL, a git repository, an OCI artefact. */
export function isRemoteResource(text: string): boolean {
  return isFetched(text, ["git@", "github.com/", "oci:"]);
}

function isFetched(text: string, prefixes: readonly string[]): boolean {
  return text.includes("://") || prefixes.some((prefix) => text.startsWith(prefix));
}
