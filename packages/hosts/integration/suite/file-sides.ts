import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";

/** Directories that are fresh: `here` is only this machine's by agreement, `there` is what the host writes to and reads. */
export async function createSides(directory: string): Promise<{ readonly here: string; readonly there: string }> {
  const root = await mkdtemp(join(directory, "test-"));
  const sides = { here: join(root, "here"), there: join(root, "there") };
  for (const side of Object.values(sides)) await mkdir(side);
  return sides;
}
