import type { ContainerDetails } from "@otto/engine";
import { expect, test } from "vitest";
import { judgeContainer } from "./stack-health.js";

type State = ContainerDetails["State"];
const details = (state: Partial<State>) => ({ State: { ExitCode: 0, ...state } as State });
const health = (Status: string) => ({ Status: "running", Health: { Status } }) as Partial<State>;

test.each<[string, Partial<State>, string]>([
  ["running", { Status: "running" }, "ready"],
  ["healthy", health("healthy"), "ready"],
  ["a one-shot that exited with 0", { Status: "exited", ExitCode: 0 }, "ready"],
  ["created", { Status: "created" }, "waiting"],
  ["health starting", health("starting"), "waiting"],
  ["unhealthy", health("unhealthy"), "failed"],
  ["exited with 3", { Status: "exited", ExitCode: 3 }, "failed"],
  ["restarting after a crash", { Status: "restarting", ExitCode: 1 }, "failed"],
  ["dead", { Status: "dead", ExitCode: 137 }, "failed"],
])("a container that is %s", (_, state, verdict) => {
  expect(judgeContainer(details(state)).verdict).toBe(verdict);
});
