import fc from "fast-check";
import { expect, test } from "vitest";
import { checkProjectName, composeProjectName } from "./compose-project.js";

test("lower case names stay as they are", () => {
  expect(composeProjectName("my-repo_1", "jane")).toBe("otto-my-repo_1-jane");
});

test("a name that has to be changed carries digits of what it was, and only those where nothing is left", () => {
  expect(composeProjectName("Jane", "")).toBe("otto-jane-6cbdd9bd-e3b0c442");
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

test.each(["a", "0", "1a", "a_b-", "0--", "a".repeat(200)])("the project name %j is taken", (name) => {
  expect(checkProjectName(name)).toBe(name);
});

test.each([
  ["", "it is empty"],
  [".", "Compose does not allow it"],
  ["../..", "Compose does not allow it"],
  ["-x", "Compose does not allow it"],
  ["_x", "Compose does not allow it"],
  ["Upper", "Compose does not allow it"],
  ["a\n", "Compose does not allow it"],
  ["a\0b", "Compose does not allow it"],
  ["$(id)", "Compose does not allow it"],
  ["a".repeat(201), "it has 201 characters, at most 200 are allowed"],
])("the project name %j is refused by name", (name, reason) => {
  expect(() => checkProjectName(name)).toThrow(
    expect.objectContaining({ code: "COMPOSE_PROJECT_INVALID", message: expect.stringContaining(reason) as string }),
  );
});

test("a message shows a name, and of a long one its beginning", () => {
  expect(() => checkProjectName("A".repeat(200))).toThrow(`name "${"A".repeat(200)}":`);
  expect(() => checkProjectName("a".repeat(201))).toThrow(`name "${"a".repeat(40)}…":`);
});

test("what composeProjectName gives is taken", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.string({ unit: "binary", maxLength: 300 }),
      (a, b) => {
        expect(checkProjectName(composeProjectName(a, b))).toBe(composeProjectName(a, b));
      },
    ),
  );
});
