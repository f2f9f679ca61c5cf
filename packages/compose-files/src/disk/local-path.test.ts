import { expect, test } from "vitest";
import { isRemoteContext, isRemoteResource, isWithin, relativePath, resolveLocalPath } from "./local-path.js";

test.each([
  ["a", "/b/a", false],
  ["../a/./c", "/a/c", false],
  ["/a", "/a", false],
  ["~/a", "/home/a", true],
  ["~/", "/home/", true],
  ["a~", "/b/a~", false],
])("%s is %s", (text, path, fromHome) => {
  expect(resolveLocalPath(text, "/b", "/home")).toEqual({ path, fromHome });
});

test.each([
  ["/a", "/a", true],
  ["/a/b", "/a", true],
  ["/ab", "/a", false],
  ["/a", "/a/b", false],
  ["/a", "/", true],
])("%s is within %s: %s", (path, directory, within) => {
  expect(isWithin(path, directory)).toBe(within);
});

test.each([
  ["/a", "/a", "."],
  ["/a", "/a/b", "./b"],
  ["/a", "/a/..b", "./..b"],
  ["/a/b", "/a", ".."],
  ["/a/b", "/c", "../../c"],
])("from %s to %s it is %s", (from, to, path) => {
  expect(relativePath(from, to)).toBe(path);
});

test.each([
  ["https://x/y", true, true],
  ["git@x:y", true, true],
  ["github.com/x/y", true, true],
  ["service:x", true, false],
  ["oci:x", false, true],
  ["./git@x", false, false],
  ["a:b", false, false],
])("%s is fetched as a context: %s, as a file: %s", (text, context, file) => {
  expect([isRemoteContext(text), isRemoteResource(text)]).toEqual([context, file]);
});
