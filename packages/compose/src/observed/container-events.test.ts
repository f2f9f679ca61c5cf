import { execFileSync } from "node:child_process";
import type { ComposeService } from "@otto/compose-files";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { waitUntilReady } from "../execute/readiness.js";
import type { StackSession } from "../session/stack-session.js";
import { type ContainerChange, watchContainers } from "./container-events.js";

const parent = { id: "pepper", docker: { command: ["docker"] } } as unknown as Parent;

/** A session that answers each look at the stack with the next of `looks`, and tells what it is made to. */
function fakeSession(looks: readonly { exitCode: number; output: string }[] = []) {
  const answers = [...looks];
  const state = { watches: 0, tell: (_line: string) => {}, onLook: (_left: number) => {} };
  const session = {
    parent,
    project: "shop",
    onLine: (listener: (line: string) => void) => {
      state.tell = listener;
      return () => {};
    },
    run: async (script: string) => {
      if (script.includes(" events ")) {
        state.watches += 1;
        return { exitCode: 0, output: "" };
      }
      const answer = answers.shift();
      state.onLook(answers.length);
      return answer;
    },
    lost: new Promise<never>(() => {}),
  } as unknown as StackSession;
  return { session, state };
}

test("who has been aborted waits for no event", async () => {
  const events = await watchContainers(fakeSession().session);
  await expect(events.beyond(0, 300_000, AbortSignal.abort())).resolves.toBeUndefined();
});

const labels = { "com.docker.compose.project": "shop", "com.docker.compose.service": "a" };
const look = (health: string) => {
  const state = { Status: "running", ExitCode: 0, Health: { Status: health } };
  const container = { id: "c1", name: "/shop-a-1", image: "sha256:1", restarts: 0, state, policy: "no", labels };
  return { exitCode: 0, output: JSON.stringify(container) };
};
const away = { exitCode: 1, output: "Cannot connect to the Docker daemon" };
const a = { name: "a", enabled: true, replicas: 1 } as ComposeService;

test("the end of the events has the stack looked at again, and heard again, until its engine answers", async () => {
  const { session, state } = fakeSession([look("starting"), away, look("healthy")]);
  // Nothing but the end of the events is told: whoever waits for one waits for ever.
  state.onLook = (left) => left === 2 && setImmediate(() => state.tell("event -"));
  const events = await watchContainers(session);
  let absences = 0;
  const onAbsent = () => {
    absences += 1;
  };
  const waiting = {
    services: [a],
    before: [],
    deadline: performance.now() + 300_000,
    now: () => performance.now(),
    onAbsent,
  };
  const view = { session, redactor: async () => ({}) as never, events };
  expect(await waitUntilReady(view, { ...waiting, timeoutMs: 300_000 })).toMatchObject([{ id: "c1" }]);
  expect([state.watches, absences]).toEqual([2, 1]);
});

test("what happens to containers is told, their labels being anybody's", async () => {
  const { session, state } = fakeSession();
  const heard: ContainerChange[] = [];
  const events = await watchContainers(session, (change) => heard.push(change));
  const words = (action: string, code: string, service = "a", oneOff = "") =>
    JSON.stringify([action, code, "", "shop-a-1", service, "2", oneOff]);
  state.tell(`event c1 ${words("create", "")}`);
  state.tell(`change c1 ${words("create", "")} `);
  state.tell(`event c1 ${words("die", "3", 'a"]\n')}`);
  state.tell(`change c1 ${words("die", "3", 'a"]\n')} it says ["x"]`);
  state.tell(`change c1 ${words("health_status: unhealthy", "")} no`);
  state.tell(`change c2 ${words("start", "", "a", "True")} `);
  state.tell(`change c2 ${words("health_status: starting", "")} `);
  // What no engine says has nobody who could catch an error.
  for (const line of ['["\\q"]', '["a""b"]', '["', "", "[1]"]) state.tell(`change c3 ${line}`);
  const common = { id: "c1", name: "shop-a-1", service: "a", replica: 2, exitCode: 0, said: "" };
  expect(heard).toEqual([
    { ...common, action: "create" },
    { ...common, action: "die", service: 'a"]\n', exitCode: 3, said: 'it says ["x"]' },
    { ...common, action: "unhealthy", said: "no" },
    { ...common, id: "c2", action: "start", service: "" },
  ]);
  // A new container cannot end a wait.
  expect(events.count).toBe(1);
  expect(events.lastChange("c1")).toBeDefined();
});

test("the last words of a container are whole at their front, where a secret may begin", async () => {
  let script = "";
  const { session, state } = fakeSession();
  const run = session.run.bind(session);
  await watchContainers(
    Object.assign(session, {
      run: (text: string) => {
        script = text;
        return run(text);
      },
    }),
  );
  const [, filter = ""] = /printf '%s\\n' "\$said" \| (.*)\)$/m.exec(script) ?? [];
  const secret = "s".repeat(2000);
  const input = `first\nlogin with ${secret} failed\n\n`;
  expect(execFileSync("sh", ["-c", filter], { input, encoding: "utf8" }).trim()).toBe(`login with ${secret} failed`);
  expect(state.watches).toBe(1);
});
