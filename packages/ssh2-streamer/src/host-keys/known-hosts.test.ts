import { expect, test } from "vitest";
import { isKnownAs, type KnownHost } from "./known-hosts.js";

const hostWith = (names: string): KnownHost => ({
  file: "known_hosts",
  line: 1,
  marker: undefined,
  names,
  type: "ssh-ed25519",
  key: "",
});

test.each([
  ["a.example", "a.example", true],
  ["A.Example", "a.example", true],
  ["a.example", "aXexample", false],
  ["a.example", "a.example.org", false],
  ["*.example", "a.example", true],
  ["*.example", "a.example.org", false],
  ["a*", "a", true],
  ["a*b", "ab", true],
  ["ab*b", "ab", false],
  ["*", "a", true],
  ["**", "a", true],
  ["?.example", "a.example", true],
  ["?.example", ".example", false],
  ["*?*?*", "a", false],
  ["*?*?*", "ab", true],
  ["*a*ab", "aab", true],
  ["*ab*ab*", "ab", false],
  ["*b*c", "abac", true],
  ["*ab*", "aab", true],
  ["[host]:*", "[host]:2222", true],
  ["*,!b", "b", false],
  ["*,!b", "a", true],
])("names %s, for %s: %s", (names, name, known) => {
  expect(isKnownAs(hostWith(names), name)).toBe(known);
});

test("many stars take linear time", () => {
  const startedAt = performance.now();
  expect(isKnownAs(hostWith("*a".repeat(10)), `${"a".repeat(40)}b`)).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
