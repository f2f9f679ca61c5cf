import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composeLogs,
  composeUp,
  declareStacks,
  formatUpStep,
  getContainerHost,
  type Lab,
  planComposeUp,
  type Repo,
} from "@otto/docker";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, recordEvents, removeBuilt, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
let running: RunningLab<"bastion" | "parent">;
let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;

const compose = `services:
  a: { image: "$IMAGE", init: true }
  b: { image: "$IMAGE", init: true, scale: 2 }
  debug: { image: "$IMAGE", init: true, profiles: [debug] }
`;

beforeAll(async () => {
  running = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
});

afterAll(() => running[Symbol.asyncDispose]());

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo(compose, running);
  ({ lab, repo } = await stack.open(home));
});

afterEach(async () => {
  await composeDown(repo, lab);
  await removeBuilt(stack.project);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const idOf = (service: string) => `parent.${repo.name}.${service}`;
const find = (service: string) => getContainerHost(idOf(service), lab);
const containerOf = (service: string) => `${stack.project}-${service}-1`;
const states = () => lab.hosts.list().map(({ id, state }) => `${id.slice(id.indexOf(".", 7) + 1)} ${state}`);

test("declared services are placeholders, until they are up and when they are down again", async () => {
  await declareStacks(lab);
  expect(states()).toEqual(["a placeholder", "b placeholder", "b.2 placeholder"]);
  const host = find("a");
  const hosts = await composeUp(repo, lab);
  expect(hosts.a).toBe(host);
  expect(states()).toEqual(["a running", "b running", "b.2 running"]);
  await composeDown(repo, lab);
  expect(states()).toEqual(["a placeholder", "b placeholder", "b.2 placeholder"]);
});

test("touching placeholders brings their stack up once, however many do at once", async () => {
  await declareStacks(lab);
  const ids = ["a", "b", "b.2"];
  const events = await recordEvents(stack.project, async () => {
    const uses = Array.from({ length: 12 }, (_, n) => find(ids[n % 3] ?? "a"));
    const results = await Promise.all(
      uses.map((host, n) => (n % 2 === 0 ? host.exec(["true"]) : host.run("cd /tmp && true"))),
    );
    expect(results.map(({ exitCode }) => exitCode)).toEqual(uses.map(() => 0));
  });
  expect(events.filter((event) => event.endsWith(" create")).toSorted()).toEqual(["a create", "b create", "b create"]);
  expect(states()).toEqual(["a running", "b running", "b.2 running"]);
});

test("a placeholder whose stack does not come up fails for all who touch it, and says what to do", async () => {
  await stack.write("compose.yml", 'services:\n  a: { image: "otto-absent:latest", pull_policy: never }\n');
  await declareStacks(lab);
  const failures = await Promise.allSettled([find("a").exec(["true"]), find("a").run("true")]);
  for (const failure of failures) {
    expect(failure).toMatchObject({
      status: "rejected",
      reason: { code: "HOST_NOT_RUNNING", hint: expect.stringContaining("otto docker up") },
    });
  }
  expect(await left(stack.project)).toEqual(nothing);
});

const built = `services:
  a: { build: app, init: true, command: ["sleep", "infinity"] }
`;

async function buildApp(text: string): Promise<string> {
  const image = `${stack.project}-a`;
  await stack.write("compose.yml", built);
  await stack.write("app/Dockerfile", "FROM $IMAGE\nCOPY file /\n");
  await stack.write("app/file", text);
  return image;
}

test("a placeholder whose image compose would have to build is not built, and names the command that does", async () => {
  const image = await buildApp("1\n");
  await declareStacks(lab);
  await expect(find("a").exec(["true"])).rejects.toMatchObject({
    code: "HOST_NOT_RUNNING",
    message: expect.stringContaining(`the image ${image} of the service a is not there`),
    hint: expect.stringContaining("otto docker up"),
    cause: { code: "COMPOSE_IMAGE_MISSING" },
  });
  expect(await left(stack.project)).toEqual(nothing);
  await expect(execute("docker", ["image", "inspect", image])).rejects.toThrow("No such image");
});

test("an image with a name of its own that no registry has is as missing", async () => {
  await stack.write("compose.yml", built.replace("build: app", "build: app, image: localhost:1/otto-absent:1"));
  await stack.write("app/Dockerfile", "FROM $IMAGE\n");
  await declareStacks(lab);
  await expect(find("a").exec(["true"])).rejects.toMatchObject({
    code: "HOST_NOT_RUNNING",
    cause: { code: "COMPOSE_IMAGE_MISSING", details: { output: expect.stringContaining("localhost:1") } },
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("a placeholder runs the image there is, and the next up builds it only if its context has changed", async () => {
  await buildApp("1\n");
  await composeUp(repo, lab);
  const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
  const touch = async () => (await find("a").exec(["cat", "/file"])).stdout.toString();
  await composeDown(repo, lab);
  await declareStacks(lab);
  expect(await touch()).toBe("1\n");
  expect(await plan()).toEqual(["a: leave (it runs as declared)"]);
  await composeDown(repo, lab);
  await stack.write("app/file", "2\n");
  await declareStacks(lab);
  expect(await touch()).toBe("1\n");
  const changed = "its build context changed";
  expect(await plan()).toEqual([`a: build (${changed})`, `a: recreate (${changed})`]);
  await composeUp(repo, lab);
  expect(await touch()).toBe("2\n");
});

test("who stops waiting for a placeholder does not keep it from the others", async () => {
  await declareStacks(lab);
  const leaver = new AbortController();
  const left = find("a").exec(["true"], { signal: leaver.signal });
  const stays = find("a").exec(["true"]);
  leaver.abort();
  await expect(left).rejects.toMatchObject({ name: "AbortError" });
  expect(await stays).toMatchObject({ exitCode: 0 });
});

test("a host that ran and was stopped is not brought up by its use", async () => {
  const { a } = await composeUp(repo, lab);
  await execute("docker", ["stop", "--time", "0", containerOf("a")]);
  await expect(a?.exec(["true"])).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
  await execute("docker", ["start", containerOf("a")]);
  expect(await a?.exec(["true"])).toMatchObject({ exitCode: 0 });
});

test("one host object works on after its container was restarted and after it was replaced", async () => {
  const { a } = await composeUp(repo, lab);
  const name = async () => (await a?.exec(["hostname"]))?.stdout.toString().trim();
  const first = await name();
  await a?.run("cd /tmp");
  await execute("docker", ["restart", "--time", "0", containerOf("a")]);
  expect(await name()).toBe(first);
  await execute("docker", ["rm", "--force", containerOf("a")]);
  await composeUp(repo, lab);
  expect(await name()).not.toBe(first);
  expect((await a?.run("pwd"))?.stdout.toString()).toBe("/\n");
});

test("two projects of one repo do not unregister each other", async () => {
  const projectName = `${stack.project}-other`;
  const mine = await composeUp(repo, lab);
  try {
    const others = await composeUp(repo, lab, { projectName });
    expect(others.a).not.toBe(mine.a);
    const [one, other] = await Promise.all([mine.a?.exec(["hostname"]), others.a?.exec(["hostname"])]);
    expect(one?.stdout.equals(other?.stdout ?? Buffer.alloc(0))).toBe(false);
  } finally {
    await composeDown(repo, lab, { projectName });
  }
  expect(find("a")).toBe(mine.a);
  expect(await mine.a?.exec(["true"])).toMatchObject({ exitCode: 0 });
});

test("taking a stack down ends what uses its hosts first", async () => {
  const { a } = await composeUp(repo, lab);
  const following = a?.logs({ follow: true }).next();
  await a?.run("true");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await following).toMatchObject({ done: true });
  expect(lab.hosts.has(idOf("a"))).toBe(false);
});

test("the logs of a stack that another process takes down end", async () => {
  await composeUp(repo, lab);
  const other = await stack.open(home);
  const following = composeLogs(repo, lab, { services: ["a"], follow: true }).next();
  expect(await composeDown(other.repo, other.lab)).toMatchObject({ status: "success" });
  await other.lab[Symbol.asyncDispose]();
  expect(await following).toMatchObject({ done: true });
});

test("a service that another process started with a profile is found", async () => {
  await declareStacks(lab);
  expect(states()).not.toContain("debug placeholder");
  await expect(find("debug").exec(["true"])).rejects.toMatchObject({
    code: "HOST_NOT_RUNNING",
    hint: expect.stringContaining("otto docker up --profile debug"),
  });
  expect(await left(stack.project)).toEqual(nothing);
  const other = await stack.open(home);
  await composeUp(other.repo, other.lab, { profiles: ["debug"] });
  await other.lab[Symbol.asyncDispose]();
  expect(await find("debug").exec(["true"])).toMatchObject({ exitCode: 0 });
});

test("an id that is none is an error that lists those there are and says what to run", async () => {
  await declareStacks(lab);
  expect(() => find("nosuch")).toThrow(
    expect.objectContaining({
      code: "HOST_UNKNOWN",
      hint: expect.stringMatching(/\.a, .*\.b, .*\.b\.2\. .*otto docker up$/),
    }),
  );
});
