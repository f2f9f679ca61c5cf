import { expect, test } from "vitest";
import type { Stack } from "../declared/stack.js";
import { downCommand, upCommand } from "./compose-command.js";

test("up names the project, its staged files in order, profiles and services", () => {
  const files = {
    projectDirectory: "repo/docker",
    commandFiles: ["repo/a.yml", "repo/b.yml"],
    envFiles: ["repo/.env"],
    profiles: ["debug"],
  };
  const stack = { project: "otto-r-me", files } as unknown as Stack;
  const run = { directory: "/c/otto", services: ["api"], builds: true, replaces: true };
  expect(upCommand(["sudo", "-n", "docker", "compose"], stack, run).join(" ")).toBe(
    "sudo -n docker compose --ansi never --project-name otto-r-me --project-directory /c/otto/repo/docker " +
      "--file /c/otto/repo/a.yml --file /c/otto/repo/b.yml --env-file /c/otto/repo/.env --profile=debug " +
      "--file /c/otto/.otto/labels.json up --detach --no-deps --force-recreate --build -- api",
  );
  const kept = { ...run, builds: false };
  expect(upCommand(["docker", "compose"], stack, kept)).toContain("--no-build");
});

test("down needs no file", () => {
  expect(downCommand(["docker-compose"], "p", { stopTimeout: 1, volumes: true }).join(" ")).toBe(
    "docker-compose --ansi never --project-name p down --remove-orphans --timeout 1 --volumes",
  );
});
