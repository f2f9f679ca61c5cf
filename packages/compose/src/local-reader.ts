import { realpath, stat } from "node:fs/promises";
import type { LocalEntry, LocalReader } from "@otto/compose-files";
import { readBoundedFile } from "@otto/errors";

/** This machine's disk. */
export const localReader: LocalReader = {
  readText: (path) => orAbsent(async () => (await readBoundedFile(path)).toString()),
  stat: (path) =>
    orAbsent(async (): Promise<LocalEntry> => {
      const realPath = await realpath(path);
      const entry = await stat(realPath);
      return { realPath, kind: entry.isFile() ? "file" : entry.isDirectory() ? "dir" : "other" };
    }),
};

async function orAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}
