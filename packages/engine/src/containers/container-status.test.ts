import { expect, test } from "vitest";
import { formatContainerStatus, isRunningState, readContainerStatus, readListedStatus } from "./container-status.js";

test.each([
  // Engine 26.1.5.
  ["created", "Created", "created"],
  ["running", "Up 2 hours", "running"],
  ["running", "Up 3 seconds (health: starting)", "starting"],
  ["running", "Up 2 minutes (healthy)", "healthy"],
  ["running", "Up About a minute (unhealthy)", "unhealthy"],
  ["running", "Up 3 seconds (Paused)", "running"],
  ["paused", "Up 3 seconds (Paused)", "paused"],
  ["restarting", "Restarting (1) 5 seconds ago", "restarting (1)"],
  ["exited", "Exited (0) 4 minutes ago", "exited (0)"],
  ["exited", "Exited (137) 4 minutes ago", "exited (137)"],
  ["removing", "Removal In Progress", "removing"],
  ["dead", "Dead", "dead"],
  // Podman 5.4.
  ["initialized", "Initialized", "created"],
  ["stopped", "Exited (3) 2 seconds ago", "exited (3)"],
  ["thawing", "", "unknown"],
])("one that is listed as %s, %j, is %s", (State, Status, expected) => {
  expect(formatContainerStatus(readListedStatus({ State, Status }))).toBe(expected);
});

test.each([
  [undefined, { state: "absent" }],
  [{ state: "running", exitCode: 0, health: "none" }, { state: "running" }],
  [{ state: "running", exitCode: 0, health: "starting" }, { state: "starting" }],
  [
    { state: "restarting", exitCode: 7 },
    { state: "restarting", exitCode: 7 },
  ],
  // Health checks of a container that has ended say nothing any more.
  [
    { state: "exited", exitCode: 0, health: "unhealthy" },
    { state: "exited", exitCode: 0 },
  ],
])("%j is %j", (facts, status) => {
  expect(readContainerStatus(facts)).toEqual(status);
});

test("commands can be started in one that runs, whatever its health, and in no other", () => {
  const facts = ["running", "starting", "healthy", "unhealthy", "paused", "restarting", "exited", "absent"] as const;
  expect(facts.filter(isRunningState)).toEqual(["running", "starting", "healthy", "unhealthy"]);
});
