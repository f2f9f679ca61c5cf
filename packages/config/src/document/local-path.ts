import { isAbsolute, join, relative, resolve } from "node:path";

/** Where relative paths start, and what `~` means. */
export interface PathBase {
  /** Absolute. */
  readonly directory: string;
  /** Absolute path of the user's home. */
  readonly home: string;
}

/** The absolute path that a file of ours means by `path`. */
export function resolvePath(path: string, base: PathBase): string {
  if (path === "~") return base.home;
  if (/^~[/\\]/.test(path)) return join(base.home, path.slice(2));
  return resolve(base.directory, path);
}

/** A command with its program as a path, where it has a slash; another one is looked up in the `PATH`. */
export function resolveCommand([program = "", ...words]: readonly string[], base: PathBase): readonly string[] {
  return [program.includes("/") ? resolvePath(program, base) : program, ...words];
}

/** Whether `path` is `directory` or lies below it. Both absolute; links are not followed. */
export function isWithin(directory: string, path: string): boolean {
  const between = relative(directory, path);
  return between === "" || (!/^\.\.(\/|$)/.test(between) && !isAbsolute(between));
}
