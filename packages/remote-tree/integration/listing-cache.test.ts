import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { listTree } from "@otto/remote-tree";
import { expect, onTestFinished, test } from "vitest";

// Until then a file is younger than the clock's coarsest tick, and its digest is not kept.
const settleMs = 3000;

test("a directory that is mounted and built from keeps the digests of all its files", async () => {
  const place = await mkdtemp(join(tmpdir(), "otto-listing-"));
  onTestFinished(() => rm(place, { recursive: true }));
  const [localPath, cacheDir] = [join(place, "app"), join(place, "cache")];
  await mkdir(localPath);
  for (const name of ["a", "b", "c"]) await writeFile(join(localPath, name), name);
  await writeFile(join(localPath, ".dockerignore"), "*\n!a");
  await setTimeout(settleMs);
  const where = { localPath, remotePath: "repo/app" };
  const list = () =>
    listTree(
      [
        { ...where, kind: "bind" },
        { ...where, kind: "build", builds: [{ service: "s", dockerfile: undefined }] },
      ],
      {
        cacheDir,
      },
    );
  const written = async () => {
    const { entries, built } = await list();
    expect(entries.map(({ path }) => path)).toEqual([
      "repo",
      "repo/app",
      ...[".dockerignore", "a", "b", "c"].map((name) => `repo/app/${name}`),
    ]);
    expect([...(built.get("s") ?? [])].sort()).toEqual(["repo/app", "repo/app/.dockerignore", "repo/app/a"]);
    const files = await readdir(join(cacheDir, "trees"));
    expect(files).toHaveLength(1);
    const { ino, mtimeNs } = await stat(join(cacheDir, "trees", files[0] ?? ""), { bigint: true });
    return [ino, mtimeNs];
  };
  // A cache that knows all that is asked for is not written again.
  expect(await written()).toEqual(await written());
});
