import { expect, test } from "vitest";
import { notRunning } from "./container-finder.js";

const told = (state: Parameters<typeof notRunning>[1]) => {
  const { message, hint } = notRunning({ id: "p.r.web", service: "web" }, state);
  return [message, hint];
};

test.each([
  [{ state: "absent" }, "p.r.web: the service web has no container", "Bring the stack up: otto docker up"],
  [
    { state: "created" },
    "p.r.web: the container of the service web does not run: it is created",
    "Start it: otto docker up",
  ],
  [
    { state: "exited", exitCode: 3 },
    "p.r.web: the container of the service web does not run: it is exited (3)",
    "See what it wrote: otto docker logs web\nStart it again: otto docker up",
  ],
  [
    { state: "restarting", exitCode: 1 },
    "p.r.web: the container of the service web does not stay up: it is restarting (1)",
    "See why it ends: otto docker logs web",
  ],
  [{ state: "paused" }, "p.r.web: the container of the service web is paused", "Have it go on: otto docker up"],
] as const)("%j is told as it is, with a command that does something about it", (status, message, hint) => {
  expect(told(status)).toEqual([message, hint]);
});
