import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readIgnoreFile } from "./ignore-rules.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-rules-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, text: string) => writeFileSync(join(root, path), text);

test("without an ignore file there are no rules", () => {
  expect(readIgnoreFile(root, join(root, "Dockerfile"))).toBeUndefined();
});

test("the Dockerfile's own ignore file comes first, even when it is empty", () => {
  write(".dockerignore", "a");
  expect(readIgnoreFile(root, join(root, "Dockerfile"))).toMatchObject({
    contextPath: ".dockerignore",
    patterns: ["a"],
  });
  write("Dockerfile.dockerignore", "");
  expect(readIgnoreFile(root, join(root, "Dockerfile"))).toMatchObject({
    contextPath: "Dockerfile.dockerignore",
    patterns: [],
  });
});

test("each byte of an ignore file that is not UTF-8 counts as U+FFFD", () => {
  writeFileSync(join(root, ".dockerignore"), Buffer.from("a\xff\xc3", "latin1"));
  expect(readIgnoreFile(root)?.patterns).toEqual(["a\ufffd\ufffd"]);
});

test("an own ignore file outside the context has no place in it", () => {
  mkdirSync(join(root, "context"));
  write("Dockerfile.dockerignore", "b");
  expect(readIgnoreFile(join(root, "context"), join(root, "Dockerfile"))).toMatchObject({
    contextPath: undefined,
    patterns: ["b"],
  });
});

test.each([
  ["a link to a file in the context", "rules/docker", ["a"]],
  ["an absolute link starts at the context", "/rules/docker", ["a"]],
  ["a link over a link", "linked/docker", ["a"]],
  ["a link that climbs out and comes in again", "../../rules/docker", ["a"]],
  ["a link that leads nowhere", "nowhere", undefined],
  ["a link out of the context", "/etc/hostname", undefined],
  ["a link to itself", ".dockerignore", undefined],
  ["a link to a directory", "rules", undefined],
  ["a link through a file", "rules/docker/x", undefined],
])("%s is taken as BuildKit sees it", (_name, target, patterns) => {
  mkdirSync(join(root, "rules"));
  write("rules/docker", "a");
  symlinkSync("rules", join(root, "linked"));
  symlinkSync(target, join(root, ".dockerignore"));
  expect(readIgnoreFile(root)?.patterns).toEqual(patterns);
});

test("a directory of that name holds no rules", () => {
  mkdirSync(join(root, ".dockerignore"));
  expect(readIgnoreFile(root)).toBeUndefined();
});
