import { realpath, stat } from "node:fs/promises";
import type { LocalEntry, LocalReader } from "@otto/compose-files";
import { describeFileError, isSystemError, OttoError, readBoundedFile } from "@otto/errors";

/** Reads this machine's disk; throws `COMPOSE_PATH_UNREADABLE` for what it cannot read. */
export const localReader: LocalReader = {
  readText: (path) => orAbsent(path, async () => (await readBoundedFile(path)).toString()),
  stat: (path) =>
    orAbsent(path, async (): Promise<LocalEntry> => {
      const realPath = await realpath(path);
      const entry = await stat(realPath);
      return { realPath, kind: entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "other" };
    }),
};

async function orAbsent<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw isSystemError(error) ? unreadable(path, error) : error;
  }
}

function unreadable(path: string, cause: Error): OttoError {
  return new OttoError("COMPOSE_PATH_UNREADABLE", `reading ${path}: ${describeFileError(cause)}`, {
    hint: "Make the file readable for the user who runs otto, or remove the reference from the compose files.",
    details: { path },
    cause,
  });
}
