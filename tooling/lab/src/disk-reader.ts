import { readFile, realpath, stat } from "node:fs/promises";

/** Reads what compose files refer to, as a `LocalReader` of `@otto/compose-files`. */
export const diskReader = {
  readText: (path: string) => readFile(path, "utf8").catch(() => undefined),
  async stat(path: string) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return undefined;
    const kind: "file" | "directory" | "other" = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
    return { kind, realPath: await realpath(path) };
  },
};
