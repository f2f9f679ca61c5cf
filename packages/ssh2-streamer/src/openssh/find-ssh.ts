import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The absolute path of the `ssh` that a shell would start; undefined where there is none. */
export async function findSsh(searchPath = process.env.PATH ?? ""): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    if (!directory.startsWith("/")) continue;
    const path = join(directory, "ssh");
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
