import { expect, test } from "vitest";
import type { Stack } from "../declared/stack.js";
import { digestKey, formatDigests, parseDigests } from "./digest-cache.js";

const digests = new Map([["api", { settings: "s", files: "f", build: "" }]]);
const stack = (environment: Record<string, string>): Stack =>
  ({ project: "p", files: { commandFiles: ["a.yml"], environment } }) as unknown as Stack;

test("digests are known again by files and variables", () => {
  const key = digestKey(stack({ A: "1" }), { "a.yml": "file 644 x" });
  const text = formatDigests(key, digests);
  expect(parseDigests(text, key)).toEqual(digests);
  expect(parseDigests(text, digestKey(stack({ A: "2" }), { "a.yml": "file 644 x" }))).toBeUndefined();
  expect(parseDigests(text, digestKey(stack({ A: "1" }), { "a.yml": "file 644 y" }))).toBeUndefined();
});

test.each(["", "{", "null"])("the text %j is no cache", (text) => {
  expect(parseDigests(text, "key")).toBeUndefined();
});
