import type { ComposeService } from "@otto/compose-files";
import { createRedactor } from "@otto/errors";
import { expect, test } from "vitest";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { StackSession } from "../session/stack-session.js";
import { findFailure, isReady, judgeContainer } from "./readiness.js";

const running = { state: "running", exitCode: 0, restarts: 0, restartPolicy: "no", health: undefined };
const service = { oneShot: false, hasHealthcheck: false, publishesPorts: false };
const judge = (changes: Partial<ObservedContainer>, declared: Partial<ComposeService> = {}) => {
  const container = { ...running, ...changes } as ObservedContainer;
  const judged = judgeContainer(container, { ...service, ...declared } as ComposeService);
  return judged.verdict === "waiting" && judged.forMs !== undefined ? `ready in ${judged.forMs} ms` : judged.verdict;
};

test.each<[string, Partial<ObservedContainer>, string]>([
  ["running", {}, "ready in 500 ms"],
  ["healthy", { health: "healthy" }, "ready"],
  ["health starting", { health: "starting" }, "waiting"],
  ["unhealthy", { health: "unhealthy" }, "failed"],
  ["created", { state: "created" }, "waiting"],
  ["a one-shot that exited with 0", { state: "exited" }, "ready"],
  ["exited with 3", { state: "exited", exitCode: 3 }, "failed"],
  ["exited with 0 although it is always to run", { state: "exited", restartPolicy: "always" }, "failed"],
  ["restarting after a crash", { state: "restarting", exitCode: 1, restarts: 1 }, "waiting"],
  ["running again after a crash", { restarts: 1 }, "ready in 3000 ms"],
  ["running again after many crashes", { restarts: 9 }, "ready in 3000 ms"],
  ["restarting again and again", { state: "restarting", exitCode: 1, restarts: 9 }, "waiting"],
  ["dead", { state: "dead", exitCode: 137 }, "failed"],
])("a container that is %s", (_, state, verdict) => {
  expect(judge(state)).toBe(verdict);
});

test("a server that exited with 0 has failed, unless another service waits for that", () => {
  for (const server of [{ hasHealthcheck: true }, { publishesPorts: true }]) {
    expect(judge({ state: "exited" }, server)).toBe("failed");
    expect(judge({ state: "exited" }, { ...server, oneShot: true })).toBe("ready");
  }
});

test("a service whose end another waits for is not up while it runs", () => {
  expect(judge({}, { oneShot: true })).toBe("waiting");
});

test("what ran before needs no time to prove itself, and earlier restarts are not counted", () => {
  const api = { ...service, name: "api", enabled: true, replicas: 1 } as ComposeService;
  const container = (changes: Partial<ObservedContainer>) =>
    ({ ...running, id: "1", service: "api", ...changes }) as ObservedContainer;
  const ready = (changes: Partial<ObservedContainer>, changed: Partial<ComposeService> = {}) =>
    isReady({ services: [{ ...api, ...changed }], before: [container(changes)] });
  expect(ready({})).toBe(true);
  expect(ready({ restarts: 7 })).toBe(true);
  expect(ready({ health: "starting" })).toBe(false);
  expect(ready({ health: "unhealthy" })).toBe(false);
  expect(ready({ state: "created" })).toBe(false);
  expect(ready({ service: "other" })).toBe(false);
  expect(ready({ service: "other" }, { enabled: false })).toBe(true);
  expect(ready({ service: "other" }, { replicas: 0 })).toBe(true);
});

test("restarts before the operation do not make a loop of the first one in it", () => {
  const restarted = { ...running, restarts: 4 } as ObservedContainer;
  expect(judgeContainer(restarted, service as ComposeService, 3)).not.toHaveProperty("isLoop");
  expect(judgeContainer(restarted, service as ComposeService, 1)).toMatchObject({ verdict: "waiting", isLoop: true });
});

test("a container that the plan stopped has not failed, another one of its service has", async () => {
  const labels = { "com.docker.compose.project": "p", "com.docker.compose.service": "api" };
  const state = { Status: "exited", ExitCode: 143 };
  const line = { id: "a1", name: "/p-api-1", image: "", restarts: 0, state, policy: "no", labels };
  const parent = { id: "h", docker: { command: ["docker"] } };
  const run = async (script: string) => {
    return { exitCode: 0, output: script.includes("inspect") ? JSON.stringify(line) : "" };
  };
  const session = { parent, project: "p", run } as unknown as StackSession;
  const services = [{ name: "api", enabled: true, replicas: 1 }] as unknown as ComposeService[];
  const find = (stopped: readonly string[]) =>
    findFailure(
      { session, redactor: async () => createRedactor([]) },
      { services, before: [], stopped: new Set(stopped) },
    );
  expect(await find(["a1"])).toBeUndefined();
  expect(await find(["a2"])).toMatchObject({ code: "COMPOSE_SERVICE_FAILED" });
});
