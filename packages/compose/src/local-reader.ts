import { realpath, stat } from "node:fs/promises";
import type { LocalEntry, LocalReader } from "@otto/compose-files";
import { describeFileError, OttoError, readBoundedFile } from "@otto/errors";

/** This machine's disk. What it cannot read is `COMPOSE_PATH_UNREADABLE`. */
export const localReader: LocalReader = {
  readText: (path) => orAbsent(path, async () => (await readBoundedFile(path)).toString()),
  stat: (path) =>
    orAbsent(path, async (): Promise<LocalEntry> => {
      const realPath = await realpath(path);
      const entry = await stat(realPath);
      return { realPath, kind: entry.isFile() ? "file" : entry.isDirectory() ? "dir" : "other" };
    }),
};

async function orAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error instanceof Error && "syscall" in error ? unreadable(path, error) : error;
  }
}

function unreadable(path: string, cause: Error): OttoError {
  return new OttoError("COMPOSE_PATH_UNREADABLE", `reading ${path}: ${describeFileError(cause)}`, {
    hint: "Make it readable to the user who runs otto, or leave it out of the compose files.",
    details: { path },
    cause,
  });
}
