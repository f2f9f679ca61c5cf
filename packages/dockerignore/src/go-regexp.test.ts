import { RE2JS, RE2JSException } from "re2js";
import { expect, test } from "vitest";

test.each<[string, string[], string[]]>([
  ["^a.b$", ["a.b", "axb", "a😀b"], ["ab", "a\nb"]],
  ["^(.*/)?b$", ["b", "a/b", "a/c/b"], ["ab", "b/c"]],
  ["^[^/]*$", ["", "a", "a\nb"], ["a/b"]],
  ["^a|b$", ["ax", "xb"], ["xa"]],
  ["^a{2}$", ["aa"], ["a", "aaa"]],
  ["^a{1,}$", ["a", "aaa"], [""]],
  ["^a{,2}$", ["a{,2}"], ["aa"]],
  ["^a{01}$", ["a{01}"], ["a"]],
  ["^^a$", ["a"], ["^a"]],
  ["^\\d\\w\\s$", ["1_ "], ["a1 ", "1a\v"]],
  ["^\\D\\W\\S$", ["a-b"], ["1-b", "aab", "a- "]],
  ["^\\x41\\x{1F600}\\101\\0$", ["A😀A\0"], ["A"]],
  ["^\\Qa*[\\Eb$", ["a*[b"], ["aab"]],
  ["^\\Qa.$", ["a.$x"], ["ab"]],
  ["^\\pL\\p{Greek}\\P{Lu}\\p{^Lu}$", ["aαbb", "日αbb"], ["1αbb", "aabb", "aαBb"]],
  ["^[[:alpha:]-]$", ["a", "-"], ["1", ":"]],
  ["^[[:^alpha:]]$", ["1", "é"], ["a"]],
  ["^[]a]$", ["]", "a"], ["b"]],
  ["^[a\\]\\d]$", ["a", "]", "7"], ["\\"]],
  ["^[^a-c]$", ["d", "\n"], ["b"]],
  ["^[a[^/]*$", ["[", "^///", "a"], ["b"]],
  ["^a\\b$", ["a"], ["ab"]],
  ["^\\Aa\\z$", ["a"], ["ba"]],
  ["^\\a\\f\\n\\r\\t\\v$", ["\x07\f\n\r\t\v"], ["a"]],
  ["^\\!\\_$", ["!_"], ["\\!"]],
])("%s means the same as in Go", (source, matching, other) => {
  const expression = RE2JS.compile(source);
  for (const text of matching) expect(expression.test(text), text).toBe(true);
  for (const text of other) expect(expression.test(text), text).toBe(false);
});

test.each([
  ...["^a{2}{3}$", "^[^/]*{2}$", "^a|{2}$", "^a{2,1}$", "^a{1001}$", "^[z-a]$", "^[a$", "^\\q$", "^\\8$", "^\\1$"],
  ...[
    "^\\é$",
    "^\\C$",
    "^\\x4$",
    "^\\x{110000}$",
    "^\\p{Foo}$",
    "^\\p$",
    "^[[:foo:]]$",
    "^(a$",
    "^a)$",
    "^\\",
    "^\\p{Grek}$",
  ],
])("Go refuses %s", (source) => {
  expect(() => RE2JS.compile(source)).toThrow(RE2JSException);
});
