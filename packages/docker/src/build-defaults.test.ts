import { expect, test } from "vitest";
import { withBuildDefaults } from "./build-defaults.js";
import { currentUser } from "./current-user.js";

test.each([[{}], [{ env: undefined, who: undefined }]])(
  "with %j, this process's environment and user count",
  (options) => {
    expect(withBuildDefaults(options)).toEqual({ env: process.env, who: currentUser() });
  },
);

test("an environment and a user that are given count", () => {
  const given = { env: { HOME: "/root" }, who: "ada" };
  expect(withBuildDefaults(given)).toEqual(given);
});
