import { type PathLike, realpathSync, type Stats, stat } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { isWithin, type Repo } from "@otto/config";
import { OttoError } from "@otto/errors";
import { glob } from "tinyglobby";

/** Where instructions are when the settings do not say. */
export const defaultPlace = ".otto/instructions.ts";

/**
 * The absolute paths of a repo's instruction modules, in order. No link leads the search out of the repo.
 * @throws OttoError `INSTRUCTION_OUTSIDE_REPO` for a pattern or a module that leads out of the repo
 */
export async function findModules({ root, instructions }: Repo): Promise<string[]> {
  const patterns = instructions.length === 0 ? [defaultPlace] : [...instructions];
  const outside = patterns.find((pattern) => isAbsolute(pattern) || pattern.split(/[/\\]/).includes(".."));
  if (outside !== undefined) throw leadsOut(root, outside, "does not stay below it");
  const realRoot = await realpath(root);
  const files = await glob(patterns, {
    cwd: root,
    dot: true,
    expandDirectories: false,
    fs: { stat: statWithin(realRoot) },
    ignore: ["**/node_modules/**"],
  });
  const modules = files.sort().map((file) => join(root, file));
  for (const module of modules) {
    if (!isWithin(realRoot, await realpath(module))) throw leadsOut(root, module, "is a link out of the repository");
  }
  return modules;
}

/** What links are looked at with: a directory that lies outside is none, so nobody walks the disk for a link to `/`. */
function statWithin(realRoot: string): typeof stat {
  const look: (path: PathLike, callback: (error: NodeJS.ErrnoException | null, stats: Stats) => void) => void = (
    path,
    callback,
  ) =>
    stat(path, (error, stats) => {
      if (error !== null || !stats.isDirectory() || isWithin(realRoot, realpathSync(path.toString()))) {
        return callback(error, stats);
      }
      callback(null, Object.create(stats, { isDirectory: { value: () => false } }));
    });
  return look as typeof stat;
}

function leadsOut(root: string, what: string, rule: string): OttoError {
  return new OttoError("INSTRUCTION_OUTSIDE_REPO", `looking for the instructions of ${root}: ${what} ${rule}`, {
    hint: "Correct `instructions` in its settings; a module in the repository may import what lies elsewhere.",
    details: { root, path: what },
  });
}

/** What an instruction goes by that `file` exports under a name; a default export goes by the file's name. */
export function nameOfExport(exported: string, file: string): string {
  return exported === "default" ? basename(file).replace(/\.[^.]+$/, "") : exported;
}
