import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { ProgramEnvironment } from "../transport/transport.js";

/** Where shells look that are given no `PATH`. */
const usualPath = "/usr/local/bin:/usr/bin:/bin";

/** The absolute path of the `ssh` that a shell with these variables would start; undefined where there is none. */
export async function findSsh({ PATH = usualPath }: ProgramEnvironment): Promise<string | undefined> {
  for (const directory of PATH.split(delimiter)) {
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
