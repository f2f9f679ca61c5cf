import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { compileIgnoreMatcher, matchIgnoredPath } from "./ignore-matcher.js";

/** Walks down to the path as a walk of the tree would, and answers for its last part. */
function walkTo(patterns: readonly string[], path: string): { ignored: boolean; reached: boolean } {
  const matcher = compileIgnoreMatcher(patterns);
  let match = matcher.root;
  let reached = true;
  const parts = path.split("/");
  for (const index of parts.keys()) {
    const place = parts.slice(0, index + 1).join("/");
    if (index === parts.length - 1) return { ignored: matcher.ignores(place, match), reached };
    match = matcher.matchDirectory(place, match);
    reached &&= match.mayHoldIncluded;
  }
  throw new Error("empty path");
}

test.each<[string[], string, boolean]>([
  [[], "a", false],
  [["a"], "a", true],
  [["a"], "b/a", false],
  [["a"], "a/b", true],
  [["*.log"], "a.log", true],
  [["*.log"], "b/a.log", false],
  [["**/*.log"], "a.log", true],
  [["**/*.log"], "b/c/a.log", true],
  [["**.log"], "b/a.log", true],
  [["a/**"], "a/b/c", true],
  [["a/**/c"], "a/c", true],
  [["a/**/c"], "a/x/y/c", true],
  [["a/*"], "a/b/c", true],
  [["a/*/c"], "a/b/c", true],
  [["*"], "a/b", true],
  [["*", "!a/b"], "a/b", false],
  [["*", "!a/b"], "a/c", true],
  [["*", "!a"], "a/b", false],
  [["a", "!a/b", "a/b"], "a/b", true],
  [["!a", "a"], "a", true],
  [["?"], "a", true],
  [["?"], "/", false],
  [["[a-c]"], "b", true],
  [["[^a-c]"], "b", false],
  [["[!a]"], "!", true],
  [["[!a]"], "b", false],
  [["\\*"], "*", true],
  [["\\*"], "a", false],
  [["\\a"], "\u0007", true],
  [["a|b"], "a|b", true],
  [["a|b*"], "ax", true],
  [["a{2}*"], "aab", true],
  [["a+(b)$*"], "a+(b)$", true],
  [["a."], "ab", false],
  [[".*"], "a", false],
  [["é*"], "éa", true],
  [["\ufffd*"], "\udcffa", true],
  [["\ufffd"], "\udcff", false],
  [["a "], "a", true],
  [["", " "], "a", false],
  [["."], "a", false],
  [["**"], "a/b", true],
  [["***"], "a", true],
])("%j ignores %j: %s", (patterns, path, ignored) => {
  expect(walkTo(patterns, path).ignored).toBe(ignored);
});

test("what a ! pattern could not change at the directory does not count below it", () => {
  // The reference does not ask `!a` of the directory, which nothing had ignored yet, and so forgets it for `a/b`.
  expect(walkTo(["!a", "a/b"], "a/b/c").ignored).toBe(true);
  expect(walkTo(["a/b", "!a"], "a/b").ignored).toBe(true);
  expect(matchIgnoredPath(["a/b", "!a"], "a/b")).toBe(false);
});

test.each<[string[], string, boolean]>([
  [["a"], "a/b/c", false],
  [["*"], "a/b", false],
  [["*", "!a/b"], "a/b", true],
  [["*", "!a/b"], "c/b", false],
  [["*", "!a/b/**"], "a/b/c", true],
  [["!a/b", "a"], "a/b", false],
  [["a", "!*.md"], "a/b/c.md", false],
  [["a", "!*/*.md"], "a/c.md", true],
  [["a", "!*/*.md"], "a/b/c.md", false],
  [["a", "!b/*.md"], "a/c.md", false],
  [["a", "!**/*.md"], "a/b/c.md", true],
  [["a/b", "!a/b/c"], "a/b/c", true],
  [["a", "!a/*/c"], "a/b/c", true],
  [["a", "!a/b.d/*/c"], "a/b.d/e/c", true],
  [["a", "!a/b.d/*/c"], "a/bxd/e/c", false],
])("%j: the way to %j is walked: %s", (patterns, path, reached) => {
  expect(walkTo(patterns, path).reached).toBe(reached);
});

test("asked about one path by itself, what a directory above it matches counts", () => {
  for (const pattern of ["a", "a/b", "a/b/c"]) expect(matchIgnoredPath([pattern], "a/b/c")).toBe(true);
  expect(matchIgnoredPath(["a", "!a/b"], "a/b/c")).toBe(false);
});

test.each([
  ["!", 'illegal exclusion pattern: "!"'],
  ["!/", 'illegal exclusion pattern: "!"'],
  ["[a", "syntax error in pattern"],
  ["a\\", "syntax error in pattern"],
])("%j is refused at once, in the words of the reference", (pattern, words) => {
  expect(() => compileIgnoreMatcher([pattern])).toThrow(
    expect.toSatisfy((error) => isOttoError(error, "IGNORE_PATTERN_INVALID") && error.message.endsWith(words)),
  );
});

test("a bad expression is refused when the first path comes to it", () => {
  const matcher = compileIgnoreMatcher(["a", "!\\q"]);
  expect(matcher.ignores("b", matcher.root)).toBe(false);
  expect(() => matcher.ignores("a", matcher.root)).toThrow(
    expect.toSatisfy((error) => isOttoError(error, "IGNORE_PATTERN_INVALID")),
  );
});

test.each([
  ["an entry", ["*a".repeat(10)]],
  ["a directory on the way to an exception", ["*", `!${"*a".repeat(10)}/x`]],
])("wildcards in one name take linear time: %s", (_what, patterns) => {
  const name = `${"a".repeat(40)}b`;
  const startedAt = performance.now();
  expect(walkTo(patterns, `${name}/x`).ignored).toBe(patterns.length > 1);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
