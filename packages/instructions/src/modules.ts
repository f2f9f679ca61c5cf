import { basename, join } from "node:path";
import type { Repo } from "@otto/config";
import { glob } from "tinyglobby";

/** Where instructions are when the settings do not say. */
export const defaultPlace = ".otto/instructions.ts";

/** The absolute paths of a repo's instruction modules, in order. */
export async function findModules({ root, instructions }: Repo): Promise<string[]> {
  const patterns = instructions.length === 0 ? [defaultPlace] : [...instructions];
  const files = await glob(patterns, {
    cwd: root,
    dot: true,
    expandDirectories: false,
    ignore: ["**/node_modules/**"],
  });
  return files.sort().map((file) => join(root, file));
}

/** What an instruction goes by that `file` exports under a name; a default export goes by the file's name. */
export function nameOfExport(exported: string, file: string): string {
  return exported === "default" ? basename(file).replace(/\.[^.]+$/, "") : exported;
}
