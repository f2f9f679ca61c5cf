import { stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { resolvePath } from "../document/local-path.js";

/** What a search for repositories starts from. */
export interface RepoSearch {
  /** Absolute path of the working directory. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the user's home, for `~`. Without it `~` is a name like any other. */
  readonly home?: string | undefined;
}

/**
 * The roots of the repositories to work with: those of `OTTO_SUT_DIRS` (split at commas and at the platform's path
 * separator), else the nearest directory upwards from `cwd` that holds a `.otto` directory, else none. The roots that
 * the environment names are not looked at.
 */
export async function findRepoRoots(search: RepoSearch): Promise<string[]> {
  const listed = (search.env.OTTO_SUT_DIRS ?? "")
    .split(",")
    .flatMap((part) => part.split(delimiter))
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const { cwd, home } = search;
  if (listed.length > 0) return [...new Set(listed.map((path) => toRoot(path, cwd, home)))];
  const nearest = await nearestRoot(resolve(search.cwd));
  return nearest === undefined ? [] : [nearest];
}

function toRoot(path: string, cwd: string, home: string | undefined): string {
  return home === undefined ? resolve(cwd, path) : resolvePath(path, { directory: cwd, home });
}

async function nearestRoot(directory: string): Promise<string | undefined> {
  if (await isDirectory(join(directory, ".otto"))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : nearestRoot(parent);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (it) => it.isDirectory(),
    () => false,
  );
}
