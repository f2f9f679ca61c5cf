import fs, { type PathLike } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** The directories below a root that are listed meanwhile, each as often as it is. */
export async function watchListings(root: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const listed: string[] = [];
  const { readdirSync } = fs;
  const watched = (path: PathLike, ...rest: never[]) => {
    if (String(path).startsWith(root)) listed.push(String(path).slice(root.length));
    return readdirSync(path, ...rest);
  };
  fs.readdirSync = watched as unknown as typeof readdirSync;
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    fs.readdirSync = readdirSync;
    syncBuiltinESMExports();
  }
  return listed.sort();
}
