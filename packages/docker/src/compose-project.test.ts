import { userInfo } from "node:os";
import { expect, test } from "vitest";
import { getUserComposeProject } from "./compose-project.js";

test.each([
  ["the argument", "ci", { OTTO_COMPOSE_SUFFIX: "env" }, "otto-shop-ci"],
  ["OTTO_COMPOSE_SUFFIX", undefined, { OTTO_COMPOSE_SUFFIX: "env" }, "otto-shop-env"],
  ["OTTO_COMPOSE_SUFFIX when the argument is empty", "", { OTTO_COMPOSE_SUFFIX: "env" }, "otto-shop-env"],
])("the suffix is %s", (_, suffix, env, expected) => {
  expect(getUserComposeProject("shop", suffix, env)).toBe(expected);
});

test("without a suffix it is the user's", () => {
  const { username } = userInfo();
  expect(getUserComposeProject("shop", undefined, {})).toBe(getUserComposeProject("shop", username, {}));
});

test("it is a valid project name whatever the suffix holds", () => {
  expect(getUserComposeProject("Shop", "DOMAIN\\Jörg.Müller", {})).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
});
