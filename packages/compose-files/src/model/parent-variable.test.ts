import { expect, test } from "vitest";
import { isParentVariable } from "./parent-variable.js";

test.each([
  ...["COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_DIRECTORY", "BUILDX_BUILDER", "BUILDKIT_PROGRESS"],
  ...["SUDO_USER", "USER", "PATH", "HOME", "SSH_AUTH_SOCK", "LD_PRELOAD", "DOCKER_HOST", "DOCKER_CONFIG", "TERM"],
])("%s is the parent's own", (name) => {
  expect(isParentVariable(name)).toBe(true);
});

test.each(["COMPOSE_PROJECT_NAME", "DOCKER_PASSWORD", "COMPOSE", "MY_COMPOSE_FILE", "SUDO", "UID", "HOMEPAGE", ""])(
  "%j is the project's",
  (name) => {
    expect(isParentVariable(name)).toBe(false);
  },
);
