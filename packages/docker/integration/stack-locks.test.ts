import { type ChildProcess, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { composeDown, composeUp, type Lab, type Repo } from "@otto/docker";
import { labJson, type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createStackChildren, endOf, endWell } from "./stack-children.js";
import { createStackRepo, left, nothing, processesOf, recordEvents, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
const compose = `services:
  api: { image: "$IMAGE", init: true, volumes: ["./one.txt:/one:ro"] }
  web: { image: "$IMAGE", init: true, depends_on: [api] }
`;
/** Its `up` ends when a file is made in the container: until then it holds the lock. */
const gated = `services:
  api: { image: "$IMAGE", init: true, healthcheck: { test: "[ -e /open ]", interval: 0.5s, retries: 1000 } }
  web: { image: "$IMAGE", init: true, depends_on: { api: { condition: service_healthy } } }
`;
/** More for a longer run: OTTO_ROUNDS=20. */
const rounds = Number(process.env.OTTO_ROUNDS ?? 2);

/** Two logins of one machine, each with a lab that names its own. */
interface Login {
  readonly labName: string;
  readonly lab: Lab;
  readonly repo: Repo;
}

let running: RunningLab[];
let stack: StackRepo;
let logins: readonly [Login, Login];
const { start, killAll } = createStackChildren(() => ({ root: stack.root, home: running[0]?.directory ?? "" }));

beforeAll(async () => {
  running = [
    await startLab({ hosts: { first: {} } }),
    await startLab({ hosts: { second: { authentication: ["password"] } } }),
  ];
});

afterAll(async () => {
  for (const one of running) await one[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const [first, second] = running as [RunningLab, RunningLab];
  stack = await createStackRepo(compose, first);
  const hosts = [...labJson(first, "lab").hosts, ...labJson(second, "other").hosts];
  await stack.write("lab/lab.json", JSON.stringify({ hosts, links: [] }));
  await stack.write("one.txt", "1\n");
  const open = async (labName: string) => ({ labName, ...(await stack.open(first.directory, labName)) });
  logins = [await open("lab"), await open("other")];
});

afterEach(async () => {
  killAll();
  for (const { lab, repo } of logins) {
    await composeDown(repo, lab);
    await lab[Symbol.asyncDispose]();
  }
  await stack[Symbol.asyncDispose]();
});

test("twenty ups at once, by two logins and of several processes, make each container once", {
  timeout: 60_000 + rounds * 60_000,
}, async () => {
  const [first] = logins;
  for (let round = 0; round < rounds; round += 1) {
    const waits: string[] = [];
    const onEvent = (event: { type: string; who?: string }) => {
      if (event.type === "compose.waiting") waits.push(event.who ?? "");
    };
    const events = await recordEvents(stack.project, async () => {
      const others = logins.flatMap(({ labName }) => [start("up", labName), start("up", labName)]);
      await Promise.all([
        ...others.map(endWell),
        ...logins.flatMap(({ repo, lab }) => Array.from({ length: 8 }, () => composeUp(repo, lab, { onEvent }))),
      ]);
    });
    expect(events.filter((line) => line.endsWith("create")).sort()).toEqual(["api create", "web create"]);
    for (const who of waits) expect(who).toMatch(/@.* \(process \d+\)/);
    expect(await composeDown(first.repo, first.lab)).toMatchObject({ status: "success" });
    expect(await left(stack.project)).toEqual(nothing);
  }
});

test("ups against downs, by two logins, go one after the other", async () => {
  const actions = ["up", "down", "up", "down", "up", "down"] as const;
  const ends = actions.map((action, n) => endWell(start(action, logins[Math.floor(n / 2) % 2]?.labName)));
  await expect(Promise.all(ends)).resolves.toHaveLength(actions.length);
});

test("who waits is told who works on the stack since when, and goes on when that one is killed", async () => {
  const [, other] = logins;
  const { holder, began } = await holdStack();
  const { promise: told, onEvent } = listenForHolder();
  const up = composeUp(other.repo, other.lab, { onEvent });
  const { who, since } = await told;
  expect(who).toContain(`(process ${holder.pid})`);
  // A whole second is what the parent notes.
  expect(since.getTime()).toBeGreaterThanOrEqual(began - 1000);
  expect(since.getTime()).toBeLessThanOrEqual(Date.now());
  holder.kill("SIGKILL");
  await openGate();
  await up;
  expect((await left(stack.project)).containers).toHaveLength(2);
});

test("the lock of a process that is killed is free a moment after, and what it started has ended", async () => {
  const { holder } = await holdStack();
  const lock = `/run/lock/otto-${process.getuid?.()}/${stack.project}`;
  const next = spawn("flock", ["--timeout", "60", lock, "true"], { stdio: "ignore" });
  const free = endOf(next);
  const exit = endOf(holder);
  holder.kill("SIGKILL");
  await exit;
  // Half a second on a machine with nothing else to do.
  expect(await free).toBe(0);
  await expect.poll(() => processesOf(stack.project)).toEqual([]);
});

/** Starts an `up` that waits in the middle of its work. */
async function holdStack(): Promise<{ holder: ChildProcess; began: number }> {
  await stack.write("compose.yml", gated);
  const began = Date.now();
  const holder = start("up");
  const isUp = async () => (await left(stack.project)).containers.includes(`${stack.project}-api-1 running`);
  await expect.poll(isUp).toBe(true);
  return { holder, began };
}

async function openGate(): Promise<void> {
  await execute("docker", ["exec", `${stack.project}-api-1`, "touch", "/open"]);
}

function listenForHolder() {
  let resolve: (holder: { who: string; since: Date }) => void = () => {};
  const promise = new Promise<{ who: string; since: Date }>((done) => {
    resolve = done;
  });
  const onEvent = (event: { type: string; who?: string; since?: Date }) => {
    if (event.type === "compose.waiting") resolve({ who: event.who ?? "", since: event.since ?? new Date(0) });
  };
  return { promise, onEvent };
}
