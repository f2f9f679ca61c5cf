import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** The paths of this machine that begin as `typed`, directories with a slash behind them; hidden ones when asked for. */
export async function readLocalPaths(
  typed: string,
  { cwd, home }: { readonly cwd: string; readonly home: string },
): Promise<readonly string[]> {
  const { directory, name } = splitPath(typed);
  const place = directory.startsWith("~/") ? join(home, directory.slice(2)) : resolve(cwd, directory);
  const entries = await readdir(place, { withFileTypes: true }).catch(() => []);
  const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  return shownNames(names, name).map((it) => `${directory}${it}`);
}

/** What has been typed of a path: its directory with the slash, and the begin of a name. */
export function splitPath(typed: string): { readonly directory: string; readonly name: string } {
  const end = typed.lastIndexOf("/") + 1;
  return { directory: typed.slice(0, end), name: typed.slice(end) };
}

/** The names to show: hidden ones only to who began with a dot. */
export function shownNames(names: readonly string[], typed: string): string[] {
  return names.filter((name) => !name.startsWith(".") || typed.startsWith(".")).toSorted();
}
