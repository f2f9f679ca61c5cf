import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { walkFiles } from "./local-walk.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-walk-"));
});
afterEach(() => rmSync(root, { recursive: true }));

async function walked(path: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of walkFiles(path, undefined)) paths.push(`${entry.kind} ${entry.path}`);
  return paths;
}

test("a directory comes before what is in it, and names in the order of their bytes", async () => {
  mkdirSync(join(root, "a/b/c"), { recursive: true });
  mkdirSync(join(root, "Z"));
  for (const path of ["a.x", "a/0", "a/b/c/1", "a/z", "é"]) writeFileSync(join(root, path), "");
  symlinkSync("a", join(root, "l"));
  const names = ["directory ", "directory Z", "directory a", "file a/0", "directory a/b", "directory a/b/c"];
  const order = [...names, "file a/b/c/1", "file a/z", "file a.x", "symlink l", "file é"];
  expect(await walked(root)).toEqual(order);
  expect(await walked(`${root}/`)).toEqual(order);
});

test("`..` behind a link leads to where the link's target lies, for what is inside, too", async () => {
  mkdirSync(join(root, "other/deep"), { recursive: true });
  mkdirSync(join(root, "other/d"));
  writeFileSync(join(root, "other/d/inside"), "");
  symlinkSync("other/deep", join(root, "link"));
  expect(await walked(`${root}/link/../d`)).toEqual(["directory ", "file inside"]);
});
