import type { UnsendableEntry } from "@otto/context";
import { OttoError } from "@otto/errors";
import type { ContextEntry } from "@otto/hashing";
import { expect, test } from "vitest";
import { findUnsendable, selectFollowed } from "./followed-paths.js";

/** `dir d`, `file f`, `link l > target`; one a line. */
function parseTree(text: string): ContextEntry[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [kind, path = "", , target = ""] = line.trim().split(" ");
      if (kind === "dir") return { kind: "directory", path };
      if (kind === "link") return { kind: "symlink", path, target };
      return { kind: "file", path, size: 0, executable: false, digest: "" };
    });
}

const tree = parseTree(`
  dir app
  dir app/src
  file app/src/main.c
  link current > app/src
  dir data
  file data/one
  link data/up > ../secret/key
  dir secret
  file secret/key
  file top
`);

const select = (...paths: string[]) => selectFollowed(tree, paths).map(({ path }) => path);

test.each<[string, string[], string[]]>([
  ["a file", ["top"], ["top"]],
  ["a file in a directory, with the directories above", ["app/src/main.c"], ["app", "app/src", "app/src/main.c"]],
  [
    "a directory with all below, and what its links lead to",
    ["data"],
    ["data", "data/one", "data/up", "secret", "secret/key"],
  ],
  ["a link and its target", ["current"], ["app", "app/src", "app/src/main.c", "current"]],
  ["a path through a link", ["current/main.c"], ["app", "app/src", "app/src/main.c", "current"]],
  ["a wildcard: its directory", ["app/*/main.c"], ["app", "app/src", "app/src/main.c"]],
  ["other spellings", ["./data/../top", "/app/"], ["app", "app/src", "app/src/main.c", "top"]],
  ["nothing that is there", ["absent"], []],
])("following %s", (_, paths, expected) => {
  expect(select(...paths)).toEqual(expected);
});

test.each([[[]], [["/"]], [["."]], [["*"]], [["app/../*.txt"]]])(
  "following %j is following everything",
  (paths: string[]) => {
    expect(select(...paths)).toHaveLength(tree.length);
  },
);

test("links that lead to each other end", () => {
  const loop = parseTree("link a > b\nlink b > a\nfile c");
  expect(selectFollowed(loop, ["a"]).map(({ path }) => path)).toEqual(["a", "b"]);
});

const unsendable = ["FIFO secret/pipe", "directory app/src/closed", "file app/notes.txt"].map(
  (line): UnsendableEntry => {
    const [kind, path] = line.split(" ") as [UnsendableEntry["kind"], string];
    return { kind, path, error: new OttoError("CONTEXT_UNREADABLE", path) };
  },
);

test.each<[string, string | undefined]>([
  ["top", undefined],
  ["secret/key", undefined],
  ["secret", "secret/pipe"],
  ["secret/pi*", "secret/pipe"],
  ["secret/k*", undefined],
  ["*/pipe", "secret/pipe"],
  ["s*", "secret/pipe"],
  ["current/main.c", "app/src/closed"],
  ["cur*", "app/src/closed"],
  ["app/src/closed/deep", "app/src/closed"],
  ["app/src/main.c", undefined],
  ["app/*.txt", "app/notes.txt"],
  ["app/*.c", undefined],
  ["*.c", undefined],
  ["*", "secret/pipe"],
  ["/", "secret/pipe"],
])("of what cannot be sent, %s reads %s", (path, found) => {
  expect(findUnsendable({ entries: tree, unsendable }, [path])?.path).toBe(found);
});

test("without a path everything is read", () => {
  expect(findUnsendable({ entries: tree, unsendable }, [])?.path).toBe("secret/pipe");
  expect(findUnsendable({ entries: tree, unsendable: [] }, [])).toBeUndefined();
});
