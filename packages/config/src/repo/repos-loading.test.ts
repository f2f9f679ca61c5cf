import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadRepos } from "./repos-loading.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-config-"));
});
afterEach(() => rm(root, { recursive: true }));

async function load(names: Readonly<Record<string, string>>) {
  for (const [directory, name] of Object.entries(names)) {
    await mkdir(join(root, directory, ".otto"), { recursive: true });
    await writeFile(join(root, directory, ".otto/settings.toml"), `name = "${name}"\nversion = "1"\n`);
  }
  return loadRepos({ cwd: root, home: "/home/ada", env: { OTTO_SUT_DIRS: Object.keys(names).join(",") } });
}

test("repositories are read in the order of OTTO_SUT_DIRS", async () => {
  const repos = await load({ b: "one", a: "two" });
  expect(repos.map((repo) => repo.name)).toEqual(["one", "two"]);
});

test.each(["same", "Same"])("a name of two repositories is refused, naming both directories (%s)", async (name) => {
  await expect(load({ a: "same", b: "other", c: name })).rejects.toMatchObject({
    code: "CONFIG_REPEATED_REPO",
    details: { roots: [join(root, "a"), join(root, "c")] },
    message: expect.stringMatching(new RegExp(`${root}/c.*${root}/a`)),
  });
});
