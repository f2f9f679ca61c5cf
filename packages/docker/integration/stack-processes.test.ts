import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { composeDown, composeUp, type Lab, planComposeUp, type Repo } from "@otto/docker";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, processesOf, recordEvents, type StackRepo } from "./stack-lab.js";

const program = fileURLToPath(new URL("stack-process.mjs", import.meta.url));
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
const children = new Set<ChildProcess>();

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
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

function start(action: "up" | "down" | "use" | "own"): ChildProcess {
  const argv = [program, stack.root, running.directory, "lab", action];
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "ignore"] });
  children.add(child);
  return child;
}

const ended = async (child: ChildProcess) => (await once(child, "exit"))[0] as number | null;

/** Waits until the process says a word; one that ends before is an error. */
async function says(child: ChildProcess, word: string): Promise<void> {
  let said = "";
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(chunk);
    if (said.includes(word)) return;
  }
  throw new Error(`the process ended before it said ${word}`);
}

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
  const exit = ended(child);
  child.stdin?.write("leave\n");
  expect(await exit).toBe(0);
}

async function stagedTrees(): Promise<string[]> {
  const { stdout } = await lab.parentFor(repo).exec("ls -A ~/.cache/otto/stacks");
  return stdout
    .toString()
    .split("\n")
    .filter((name) => name !== "");
}

test("twenty ups at once, of this and of other processes, make each container once", async () => {
  const waits: string[] = [];
  const onEvent = (event: { type: string; who?: string }) => {
    if (event.type === "compose.waiting") waits.push(event.who ?? "");
  };
  const events = await recordEvents(stack.project, async () => {
    const others = Array.from({ length: 4 }, () => start("up"));
    const own = Array.from({ length: 16 }, () => composeUp(repo, lab, { onEvent }));
    const exits = others.map(ended);
    await Promise.all(own);
    expect(await Promise.all(exits)).toEqual([0, 0, 0, 0]);
  });
  expect(events.filter((line) => line.endsWith("create")).sort()).toEqual(["api create", "web create"]);
  for (const who of waits) expect(who).toMatch(/@.* \(process \d+\)/);
});

test("up against down go one after the other", async () => {
  const actions = ["up", "down", "up", "down", "up", "down"] as const;
  const exits = actions.map((action) => ended(start(action)));
  expect(await Promise.all(exits)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("who waits is told who works on the stack, and goes on when that one is killed", async () => {
  const holder = start("up");
  let since = 0;
  // As soon as the other one has begun.
  await expect.poll(() => left(stack.project), { timeout: 20_000, interval: 10 }).not.toEqual(nothing);
  const told = new Promise<string>((resolve, reject) => {
    const onEvent = (event: { type: string; who?: string; since?: Date }) => {
      if (event.type !== "compose.waiting") return;
      since = event.since?.getTime() ?? 0;
      resolve(event.who ?? "");
    };
    composeUp(repo, lab, { onEvent }).then(() => resolve("nobody"), reject);
  });
  expect(await told).toContain(`(process ${holder.pid})`);
  expect(Math.abs(Date.now() - since)).toBeLessThan(20_000);
  holder.kill("SIGKILL");
  await composeUp(repo, lab);
  expect((await left(stack.project)).containers).toHaveLength(2);
});

test.each(["killed", "cut off"] as const)(
  "after an up or down is %s at any moment the next up converges",
  async (how) => {
    const usualMs = await timeOf(() => ended(start("up")));
    for (let round = 0; round < kills; round += 1) {
      const action = round % 3 === 2 ? "down" : "up";
      await stack.write("one.txt", `${how} ${round}\n`);
      const child = start(action);
      const exit = ended(child);
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
    await expect.poll(() => processesOf(stack.project), { timeout: 20_000 }).toEqual([]);
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

test("the stack of a user that is killed is gone within 10 s", async () => {
  const user = await use();
  user.kill("SIGKILL");
  await expect.poll(() => left(stack.project), { timeout: 10_000, interval: 200 }).toEqual(nothing);
});

test("the stack of a user that loses its link is gone within 10 s", async () => {
  const user = await use();
  running.hosts.parent.proxy?.cut();
  await expect.poll(() => left(stack.project), { timeout: 10_000, interval: 200 }).toEqual(nothing);
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
