import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRepoRoots } from "./repo-search.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-config-"));
  await mkdir(join(root, "outer/.otto"), { recursive: true });
  await mkdir(join(root, "outer/inner/.otto"), { recursive: true });
  await mkdir(join(root, "outer/inner/a/b"), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

test("the nearest .otto upwards marks the root", async () => {
  expect(await findRepoRoots({ home: "/home/ada", cwd: join(root, "outer/inner/a/b"), env: {} })).toEqual([
    join(root, "outer/inner"),
  ]);
});

test("OTTO_SUT_DIRS goes before the working directory, in its order, without repeats", async () => {
  const env = { OTTO_SUT_DIRS: " /x, rel:/y,/x,~/z" };
  expect(await findRepoRoots({ home: "/home/ada", cwd: join(root, "outer"), env })).toEqual([
    "/x",
    join(root, "outer/rel"),
    "/y",
    "/home/ada/z",
  ]);
});

test("an empty OTTO_SUT_DIRS counts as none", async () => {
  const env = { OTTO_SUT_DIRS: " " };
  expect(await findRepoRoots({ home: "/home/ada", cwd: join(root, "outer"), env })).toEqual([join(root, "outer")]);
});

test("there may be no repository", async () => {
  expect(await findRepoRoots({ home: "/home/ada", cwd: root, env: {} })).toEqual([]);
});
