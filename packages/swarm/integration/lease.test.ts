import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bringUpSwarm, leaseSwarm, observeSwarm, takeDownSwarm } from "@otto/swarm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createSwarmRepo, docker, type OneNodeSwarm, type SwarmRepo, startSwarm } from "./swarm-lab.js";

let swarm: OneNodeSwarm;
beforeAll(async () => {
  swarm = await startSwarm();
});
afterAll(() => swarm[Symbol.asyncDispose]());

const who = "ada@desk";
const compose = `services:
  api: { image: $IMAGE, stop_grace_period: 0s, configs: [app], deploy: { endpoint_mode: dnsrr } }
configs: { app: { content: hello } }
`;

const script = fileURLToPath(new URL("./lease-process.mjs", import.meta.url));

/** Another process that holds a lease. */
async function holdElsewhere({ root, project, image }: SwarmRepo): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, root, project, "shop", image], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  expect(line).toBe("held");
  return child;
}

async function isThere({ project }: SwarmRepo): Promise<boolean> {
  const label = `label=com.docker.stack.namespace=${project}`;
  const found = await Promise.all(
    ["service", "config", "network"].map((what) => docker(what, "ls", "--quiet", "--filter", label)),
  );
  return found.join("") !== "";
}

test("the last one out takes a stack down that its users started", async () => {
  await using repo = await createSwarmRepo(swarm, compose);
  const [first, second] = [
    await leaseSwarm(await repo.read(), { who, own: false }),
    await leaseSwarm(await repo.read(), { who, own: false }),
  ];
  expect(await first.release()).toBe(false);
  expect((await observeSwarm(repo.location)).isOwned).toBe(true);
  expect(await second.release()).toBe(true);
  expect(await isThere(repo)).toBe(false);
});

test("a stack that ran before stays, and one that somebody brings up meanwhile, too", async () => {
  await using repo = await createSwarmRepo(swarm, compose);
  await bringUpSwarm(await repo.read(), { who });
  const before = (await observeSwarm(repo.location)).tasks.map(({ id }) => id);
  const lease = await leaseSwarm(await repo.read(), { who, own: false });
  expect(await lease.release()).toBe(false);
  await takeDownSwarm(repo.location, { who });
  const owner = await leaseSwarm(await repo.read(), { who, own: false });
  const tasks = owner.observed.tasks.map(({ id }) => id);
  await bringUpSwarm(await repo.read(), { who });
  expect(await owner.release()).toBe(false);
  const { isOwned, tasks: after } = await observeSwarm(repo.location);
  expect(isOwned).toBe(false);
  // Who keeps it replaces no task.
  expect(after.map(({ id }) => id)).toEqual(tasks);
  expect(tasks).not.toEqual(before);
  await takeDownSwarm(repo.location, { who });
});

test("the manager itself takes a stack down whose last user was killed, not while another uses it", async () => {
  await using repo = await createSwarmRepo(swarm, compose);
  const child = await holdElsewhere(repo);
  const lease = await leaseSwarm(await repo.read(), { who, own: false });
  child.kill("SIGKILL");
  await once(child, "exit");
  const other = await holdElsewhere(repo);
  expect(await isThere(repo)).toBe(true);
  expect(await lease.release()).toBe(false);
  other.kill("SIGKILL");
  await vi.waitFor(async () => expect(await isThere(repo)).toBe(false), { timeout: 60_000, interval: 200 });
});

test("what a killed roll-out left is rolled out by the next one", async () => {
  await using repo = await createSwarmRepo(swarm, compose);
  const child = spawn(process.execPath, [script, repo.root, repo.project, "shop", repo.image], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  // Its config is the first that it makes.
  await vi.waitFor(async () => expect(await isThere(repo)).toBe(true), { timeout: 60_000, interval: 20 });
  child.kill("SIGKILL");
  await once(child, "exit");
  const { tasks } = await bringUpSwarm(await repo.read(), { who });
  expect(tasks.filter(({ state }) => state === "running")).toHaveLength(1);
  await takeDownSwarm(repo.location, { who });
  expect(await isThere(repo)).toBe(false);
});
