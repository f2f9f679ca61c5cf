import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyFiles } from "./copy.js";
import { localFiles } from "./local-files.js";

let root: string;
const sides = { from: localFiles("here", "there"), to: localFiles("there", "here") };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-copy-"));
  await mkdir(join(root, "tree"));
  await writeFile(join(root, "tree/f"), "F");
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

test.each(["tree/inside", "tree/a/b/", "tree"])("a directory is not copied into itself (%s)", async (destination) => {
  const names = { sources: join(root, "tree"), destination: join(root, destination) };
  await expect(copyFiles(sides, names, {})).rejects.toMatchObject({ code: "FILES_CONFLICT" });
  await expect(copyFiles(sides, { ...names, sources: "/" }, {})).rejects.toMatchObject({ code: "FILES_CONFLICT" });
  expect(await readdir(join(root, "tree"))).toEqual(["f"]);
});

test("a directory is copied beside itself, under a name that begins as its own", async () => {
  await copyFiles(sides, { sources: join(root, "tree"), destination: join(root, "tree2") }, {});
  expect(await readdir(join(root, "tree2"))).toEqual(["f"]);
});
