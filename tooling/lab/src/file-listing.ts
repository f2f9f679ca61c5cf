import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

/**
 * Everything below some directories, one line each with what changes when it is touched: kind and mode, owner, size, time
 * and link target. Compare two to see that nothing was made, changed or removed.
 * @param options.ignore paths that are left out, with all below them
 */
export async function listFiles(
  directories: readonly string[],
  options: { readonly ignore?: ((path: string) => boolean) | undefined } = {},
): Promise<string[]> {
  const lists = await Promise.all(
    directories.map((directory) => listBelow(directory, options.ignore ?? (() => false))),
  );
  return lists.flat().sort();
}

async function listBelow(directory: string, ignore: (path: string) => boolean): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const paths = names.map((name) => join(directory, name)).filter((path) => !ignore(path));
  const lists = await Promise.all(
    paths.map(async (path) => {
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined) return [];
      const { mode, uid, gid, size, mtimeMs } = stats;
      const target = stats.isSymbolicLink() ? await readlink(path) : "";
      const line = [JSON.stringify(path), mode.toString(8), `${uid}:${gid}`, size, mtimeMs, target].join(" ");
      return stats.isDirectory() ? [line, ...(await listBelow(path, ignore))] : [line];
    }),
  );
  return lists.flat();
}
