import { expect, test } from "vitest";
import { downCommand, upCommand } from "./compose-command.js";
import type { Stack } from "./stack.js";

test("up names the project, its staged files in order, profiles and services", () => {
  const files = {
    projectDirectory: "repo/docker",
    commandFiles: ["repo/a.yml", "repo/b.yml"],
    envFiles: ["repo/.env"],
    profiles: ["debug"],
  };
  const stack = { project: "otto-r-me", files, services: ["api"] } as unknown as Stack;
  expect(upCommand(["sudo", "-n", "docker"], stack, "/c/otto").join(" ")).toBe(
    "sudo -n docker compose --ansi never --progress plain --project-name otto-r-me --project-directory /c/otto/repo/docker " +
      "--file /c/otto/repo/a.yml --file /c/otto/repo/b.yml --env-file /c/otto/repo/.env --profile debug " +
      "up --detach --remove-orphans --quiet-pull api",
  );
});

test("down needs no file", () => {
  expect(downCommand(["docker"], "p", { stopTimeout: 1, volumes: true }).join(" ")).toBe(
    "docker compose --ansi never --progress plain --project-name p down --remove-orphans --timeout 1 --volumes",
  );
});
