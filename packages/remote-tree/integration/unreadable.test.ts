import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listTree } from "@otto/remote-tree";
import { expect, onTestFinished, test } from "vitest";

const nobody = 65534;

test.each<[string, string, string, number, string?]>([
  ["a directory in a bind mount", "bind", "data", 0o700],
  ["a file in a bind mount", "bind", "data/file", 0o600],
  ["a directory that a build sees", "build", "data", 0o700],
  ["a directory in one whose names alone may be read", "bind", "data", 0o744, "data/inner"],
])("%s that is another user's is named", async (_, kind, closed, mode, named = closed) => {
  const root = await mkdtemp(join(tmpdir(), "otto-unreadable-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await chmod(root, 0o755);
  await mkdir(join(root, "data"));
  await writeFile(join(root, "data/file"), "");
  if (named === "data/inner") await mkdir(join(root, named));
  await chmod(join(root, closed), mode);
  process.seteuid?.(nobody);
  onTestFinished(() => process.seteuid?.(0));
  await expect(listTree([{ localPath: root, remotePath: "repo", kind }])).rejects.toMatchObject({
    code: "STAGING_FILE_UNREADABLE",
    message: `listing ${join(root, named)}: EACCES`,
    hint: expect.stringContaining("sudo") as string,
  });
});
