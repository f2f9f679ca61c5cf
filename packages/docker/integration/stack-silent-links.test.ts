import { composeDown, composed, composeUp } from "@otto/docker";
import { labJson, type Lab as RunningLab, startLab } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, processesOf, type StackRepo } from "./stack-lab.js";

const composeOf = (command: string) => `services:
  api:
    image: "$IMAGE"
    init: true
    command: ["sh", "-c", "${command}"]
    healthcheck: { test: ["CMD", "test", "-e", "/ready"], interval: 1s }
`;
const never = composeOf("sleep infinity");
const dependent = '  web: { image: "$IMAGE", init: true, depends_on: { api: { condition: service_healthy } } }\n';
const soon = composeOf("touch /ready; sleep infinity");

let running: RunningLab<"parent">;
let stack: StackRepo;

beforeEach(async () => {
  running = await startLab({ hosts: { parent: { proxy: {} } } });
  stack = await createStackRepo(never, running);
  const { hosts, links } = labJson(running);
  // Who waits for these waits for ever.
  const limits = { keepalive_interval: 0, connect_timeout: 10_000 };
  const patient = hosts.map((host) => ({ ...host, ssh_options: { ...host.ssh_options, ...limits } }));
  await stack.write("lab/lab.json", JSON.stringify({ hosts: patient, links }));
});

afterEach(async () => {
  const { lab, repo } = await stack.open(running.directory);
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

type Up = typeof composeUp | typeof composed;

/** Begins an `up`; `silence` has the link swallow everything, and aborts it. */
async function beginUp(up: Up, onEvent: (type: string, silence: () => void) => void = () => {}) {
  const { lab, repo } = await stack.open(running.directory);
  const { proxy } = running.hosts.parent;
  const controller = new AbortController();
  const reason = new Error("enough");
  const silence = () => {
    proxy?.swallow(true);
    controller.abort(reason);
  };
  const options = { signal: controller.signal, onEvent: ({ type }: { type: string }) => onEvent(type, silence) };
  const ending = up(repo, lab, options).catch((error: unknown) => error);
  return {
    silence,
    async ended() {
      expect(await ending).toBe(reason);
      await lab[Symbol.asyncDispose]();
      // Until here nothing reached the parent: now it learns that the link is gone.
      proxy?.cut();
      proxy?.swallow(false);
    },
  };
}

async function expectConvergence(): Promise<void> {
  await expect.poll(() => processesOf(stack.project)).toEqual([]);
  await stack.write("compose.yml", soon);
  const { lab, repo } = await stack.open(running.directory);
  const { api } = await composeUp(repo, lab);
  expect((await api?.exec(["true"]))?.exitCode).toBe(0);
  await lab[Symbol.asyncDispose]();
}

test.each([
  ["compose.staged", 0],
  ["compose.planned", 0],
  ["compose.started", 1],
])("after %s, an abort of up ends on a link that swallows, and the next up converges", async (when, containers) => {
  const up = await beginUp(composeUp, (type, silence) => type === when && silence());
  await up.ended();
  expect((await left(stack.project)).containers).toHaveLength(containers);
  await expectConvergence();
});

test("while compose runs, an abort of up ends on a link that swallows, and the parent ends compose", async () => {
  await stack.write("compose.yml", never + dependent);
  const up = await beginUp(composeUp);
  const api = `${stack.project}-api-1 running`;
  await expect.poll(async () => (await left(stack.project)).containers).toContain(api);
  up.silence();
  await up.ended();
  await expectConvergence();
});

test("an abort of up ends on a link that is lost, while every further one swallows", async () => {
  const up = await beginUp(composeUp, (type, silence) => {
    if (type !== "compose.started") return;
    silence();
    running.hosts.parent.proxy?.cut();
  });
  await up.ended();
  expect((await left(stack.project)).containers).toHaveLength(1);
  await expectConvergence();
});

test("an abort of composed ends on a link that swallows, and the parent takes the stack down", async () => {
  const up = await beginUp(composed, (type, silence) => type === "compose.started" && silence());
  await up.ended();
  await expect.poll(() => left(stack.project)).toEqual(nothing);
  await expect.poll(() => processesOf(stack.project)).toEqual([]);
});
