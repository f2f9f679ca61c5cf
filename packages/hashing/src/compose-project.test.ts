import fc from "fast-check";
import { expect, test } from "vitest";
import { composeProjectName } from "./compose-project.js";

test("lower case names stay as they are", () => {
  expect(composeProjectName("my-repo_1", "jane")).toBe("otto-my-repo_1-jane");
});

test("whatever the names hold, compose takes the project's name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary", maxLength: 300 }), (repo, suffix) => {
      const name = composeProjectName(repo, suffix);
      expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
      expect(name.length).toBeLessThan(255);
    }),
  );
});

test.each([
  ["Jane", "jane"],
  ["jane.doe", "jane-doe"],
  ["jane.doe", "jane_doe"],
  ["jane doe", "jane.doe"],
  ["DOMAIN\\jane", "domain-jane"],
  ["日本", "中国"],
  ["-a", "a"],
  ["", "-"],
  ["a".repeat(100), "a".repeat(101)],
])("the users %j and %j do not share a stack", (one, two) => {
  expect(composeProjectName("repo", one)).not.toBe(composeProjectName("repo", two));
});
