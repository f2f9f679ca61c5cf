import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { composeDown, composeUp, type Lab, planComposeUp, type Repo } from "@otto/docker";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createStackChildren, endOf, endWell, says } from "./stack-children.js";
import { createStackRepo, left, nothing, processesOf, recordEvents, type StackRepo } from "./stack-lab.js";

const compose = `services:
  api: { image: "$IMAGE", init: true, volumes: ["./one.txt:/one:ro"] }
  web: { image: "$IMAGE", init: true, depends_on: [api] }
`;
/** More for a longer search: OTTO_KILLS=100. */
const kills = Number(process.env.OTTO_KILLS ?? 6);
let running: RunningLab<"bastion" | "parent">;
let stack: StackRepo;
let lab: Lab;
let repo: Repo;
const { start, killAll } = createStackChildren(() => ({ root: stack.root, home: running.directory }));

beforeAll(async () => {
  running = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", proxy: {} } } });
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

beforeEach(async () => {
  stack = await createStackRepo(compose, running);
  await stack.write("one.txt", "1\n");
  ({ lab, repo } = await stack.open(running.directory));
});

afterEach(async () => {
  killAll();
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function use(action: "use" | "own" = "use"): Promise<ChildProcess> {
  const child = start(action);
  await says(child, "using");
  return child;
}

async function leave(child: ChildProcess): Promise<void> {
  const end = endWell(child);
  child.stdin?.write("leave\n");
  await end;
}

async function stagedTrees(): Promise<string[]> {
  const { stdout } = await lab.parentFor(repo).exec("ls -A ~/.cache/otto/stacks");
  return stdout
    .toString()
    .split("\n")
    .filter((name) => name !== "");
}

test.each(["killed", "cut off"] as const)(
  "after an up or down is %s at any moment the next up converges",
  async (how) => {
    const usualMs = await timeOf(() => endWell(start("up")));
    for (let round = 0; round < kills; round += 1) {
      const action = round % 3 === 2 ? "down" : "up";
      await stack.write("one.txt", `${how} ${round}\n`);
      const child = start(action);
      const exit = endOf(child);
      // From its first command to its end, one moment as often as another.
      await delay(usualMs * (0.15 + ((round * 37) % kills) / kills));
      if (how === "killed") child.kill("SIGKILL");
      else running.hosts.parent.proxy?.cut();
      await exit;
      const hosts = await composeUp(repo, lab);
      expect((await hosts.api?.exec("cat /one"))?.stdout.toString()).toBe(`${how} ${round}\n`);
      expect((await left(stack.project)).containers.sort()).toEqual([
        `${stack.project}-api-1 running`,
        `${stack.project}-web-1 running`,
      ]);
      expect((await planComposeUp(repo, lab)).map((step) => step.do)).toEqual(["leave", "leave"]);
    }
    await composeDown(repo, lab);
    expect(await left(stack.project)).toEqual(nothing);
    await expect.poll(() => processesOf(stack.project)).toEqual([]);
    expect(await stagedTrees()).toEqual([]);
  },
  60_000 + kills * 20_000,
);

test("the last of several processes takes the stack down that one of them started", async () => {
  const users = await Promise.all(Array.from({ length: 8 }, () => use()));
  for (const user of users.slice(1)) {
    expect((await left(stack.project)).containers).toHaveLength(2);
    await leave(user);
  }
  expect((await left(stack.project)).containers).toHaveLength(2);
  await leave(users[0] as ChildProcess);
  expect(await left(stack.project)).toEqual(nothing);
});

test("a stack that ran before is left, unless it is to be owned", async () => {
  await composeUp(repo, lab);
  await leave(await use());
  expect((await left(stack.project)).containers).toHaveLength(2);
  await leave(await use("own"));
  expect(await left(stack.project)).toEqual(nothing);
});

// Within 10 s on a machine with nothing else to do, here and below.
test("the stack of a user that is killed goes", async () => {
  const user = await use();
  user.kill("SIGKILL");
  await expect.poll(() => left(stack.project)).toEqual(nothing);
});

test("the stack of a user that loses its link goes", async () => {
  const user = await use();
  running.hosts.parent.proxy?.cut();
  await expect.poll(() => left(stack.project)).toEqual(nothing);
  user.kill("SIGKILL");
});

test("a killed user leaves a stack that ran before, and one that another still uses", async () => {
  const first = await use();
  const second = await use();
  const events = await recordEvents(stack.project, async () => {
    first.kill("SIGKILL");
    // Longer than the parent needs to take a stack down.
    await delay(4000);
  });
  expect(events).toEqual([]);
  await leave(second);
  expect(await left(stack.project)).toEqual(nothing);
});
