import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { parseIgnoreFile } from "./ignore-file.js";

test.each<[string, string, string[]]>([
  ["comments and blank lines go", "# a\n\n  \n#b\nc\n", ["c"]],
  ["a comment begins in the first column", " # a", ["# a"]],
  ["a byte order mark goes, from the first line alone", "\ufeffa\n\ufeffb", ["a", "\ufeffb"]],
  ["a comment may follow the mark", "\ufeff#a\nb", ["b"]],
  ["lines end with CRLF too", "a\r\nb\r\n", ["a", "b"]],
  ["space around a pattern goes, Unicode's too", " \ta b\u00a0\u0085 ", ["a b"]],
  ["a slash at either end goes", "/a/\n!/b/", ["a", "!b"]],
  ["paths are cleaned", "./a//b/../c\na/..\n../a", ["a/c", ".", "../a"]],
  ["only one leading slash goes", "//a\n/../b", ["a", "b"]],
  ["the root stays", "/\n!/", ["/", "!/"]],
  ["space after the ! goes", "!  a", ["!a"]],
  ["a ! alone stays, to be refused", "!", ["!"]],
])("%s", (_name, text, patterns) => {
  expect(parseIgnoreFile(text)).toEqual(patterns);
});

test("a lone surrogate counts as U+FFFD", () => {
  expect(parseIgnoreFile("a\udcff\udcc3")).toEqual(["a\ufffd\ufffd"]);
});

test("a line of 64 KiB is refused, one byte less is not", () => {
  expect(parseIgnoreFile(`${"é".repeat(32767)}a\nb`)).toHaveLength(2);
  expect(() => parseIgnoreFile(`a\n${"é".repeat(32768)}`)).toThrow(
    expect.toSatisfy((error) => isOttoError(error, "IGNORE_FILE_INVALID") && error.message.includes("line 2")),
  );
});

test("a long run of spaces inside a pattern is read in linear time", () => {
  const startedAt = performance.now();
  expect(parseIgnoreFile(`a${" ".repeat(65_000)}b`)).toHaveLength(1);
  expect(performance.now() - startedAt).toBeLessThan(500);
});
