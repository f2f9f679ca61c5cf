import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readComposeProject } from "@otto/compose-files";
import type { BindMount, Repo } from "@otto/config";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withIgnoreRules } from "./ignore-rules.js";
import { localReader } from "./local-reader.js";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "otto-rules-")));
  for (const directory of ["web", "src", "repo-data"]) await mkdir(join(root, directory));
  await symlink("web", join(root, "linked"));
  await writeFile(join(root, "one.txt"), "");
  const mounts = ["./linked:/web", "./src:/src", "./one.txt:/one", "./made:/made"];
  await writeFile(join(root, "compose.yml"), JSON.stringify({ services: { a: { image: "x", volumes: mounts } } }));
});
afterEach(() => rm(root, { recursive: true }));

async function rulesOf(...bindMounts: readonly BindMount[]) {
  const composes = [{ path: join(root, "compose.yml"), profiles: [], bindMounts }];
  const repo = { name: "r", root, settingsFile: join(root, ".otto/settings.toml"), docker: { composes } };
  const source = { files: [join(root, "compose.yml")], repoRoot: root, environment: {}, home: "/home/ada" };
  const files = await readComposeProject(source, localReader);
  const { resources } = await withIgnoreRules(repo as unknown as Repo, files);
  return Object.fromEntries(
    resources.flatMap(({ kind, remotePath, ignore }) => (kind === "bind" ? [[remotePath, ignore]] : [])),
  );
}

test("rules are those of the mounted directory alone, whichever path names it; those of several entries add up", async () => {
  const [web, linked] = [join(root, "web"), join(root, "linked")];
  expect(await rulesOf({ path: linked, ignore: ["a"] }, { path: web, ignore: ["!a/b"] })).toEqual({
    "repo/web": ["a", "!a/b"],
    "repo/src": undefined,
    "repo/one.txt": undefined,
  });
});

test("rules of a directory that is not there yet, and is made, are no error", async () => {
  expect(await rulesOf({ path: join(root, "made"), ignore: ["a"] })).toMatchObject({ "repo/src": undefined });
});

test.each(["one.txt", "srcc", "repo-data"])("rules of %s, which is no mounted directory, are refused", async (name) => {
  await expect(rulesOf({ path: join(root, name), ignore: ["a"] })).rejects.toMatchObject({
    code: "COMPOSE_MOUNT_UNKNOWN",
    hint: expect.stringContaining("Mounted directories: src, web."),
  });
});
