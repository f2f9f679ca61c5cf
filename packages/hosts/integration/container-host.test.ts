import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { createBusyboxImage, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";

const execute = promisify(execFile);
const name = `otto-hosts-${randomBytes(4).toString("hex")}`;
const parent = createLocalParent({
  id: "local",
  docker: { command: ["docker"], stagingRoot: undefined },
  socketPath: undefined,
  env: process.env,
});
const cleanUps: (() => PromiseLike<unknown>)[] = [];
let host: DockerContainerHost;

beforeAll(async () => {
  const image = await createBusyboxImage(`${name}:latest`);
  cleanUps.push(() => image[Symbol.asyncDispose]());
  await startService("api", name);
  host = new DockerContainerHost({
    id: "local.r.api",
    service: "api",
    project: name,
    replica: 1,
    engine: parent.engine,
  });
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function startService(service: string, container: string): Promise<void> {
  const labels = ["--label", `com.docker.compose.project=${name}`, "--label", `com.docker.compose.service=${service}`];
  const argv = ["run", "-d", "--init", "--name", container, ...labels, "-e", "COLOUR=red", `${name}:latest`];
  await execute("docker", argv);
  cleanUps.push(() => execute("docker", ["rm", "-f", container]));
}

const text = (bytes: Buffer) => bytes.toString();

/** Asked of the engine, past the host that is tested. */
async function processesWith(word: string): Promise<string[]> {
  const { stdout } = await execute("docker", ["top", name, "-eo", "pid,args"]);
  return stdout.split("\n").filter((line) => line.includes(word));
}

test("exec passes stdin, environment, user and directory", async () => {
  const result = await host.exec("cat; echo $COLOUR $SIZE; id -u; pwd", {
    stdin: "input ",
    env: { SIZE: "a b" },
    user: "1000",
    workdir: "/etc",
  });
  expect(text(result.stdout)).toBe("input red a b\n1000\n/etc\n");
});

test("a finished command leaves nothing of its wrapper", async () => {
  await host.exec("true");
  const isNext = (line: string) => line.includes("otto_request");
  await expect.poll(async () => (await processesWith("trap")).filter((line) => !isNext(line))).toEqual([]);
});

test("a container that was restarted is found again", async () => {
  await execute("docker", ["restart", "-t", "0", name]);
  expect(await host.exec(["true"])).toMatchObject({ exitCode: 0 });
});

test("a host without a container says how to bring it up", async () => {
  const absent = new DockerContainerHost({
    id: "local.r.db",
    service: "db",
    project: name,
    replica: 1,
    engine: parent.engine,
  });
  await expect(absent.exec(["true"])).rejects.toMatchObject({
    code: "HOST_NOT_RUNNING",
    hint: expect.stringContaining("otto docker up"),
  });
});

test("the time of a command begins when its container runs, however long that took to bring up", async () => {
  // Long enough for a busy machine to run two commands, and over before the container is there.
  const limit = { timeoutMs: 10_000 };
  await using late = new DockerContainerHost({
    ...{ id: "local.r.late", service: "late", project: name, replica: 1, engine: parent.engine },
    bringUp: async () => {
      await delay(limit.timeoutMs);
      await startService("late", `${name}-late`);
    },
  });
  const [ran, executed] = await Promise.all([late.run("echo run", limit), late.exec(["echo", "exec"], limit)]);
  expect([ran, executed].map(({ stdout }) => text(stdout))).toEqual(["run\n", "exec\n"]);
});

test.each([
  ["from the start", async () => {}],
  ["once it is connected", (far: Parent) => far.exec(["true"])],
])("a command's time counts while its container is looked for, on a link that swallows %s", async (_, prepare) => {
  await using lab = await startLab({ hosts: { parent: { proxy: {} } } });
  await using far = connectParent(lab, "parent");
  await prepare(far);
  lab.hosts.parent.proxy?.swallow(true);
  const place = { id: "parent.r.api", service: "api", project: name, replica: 1 };
  await using there = new DockerContainerHost({ ...place, engine: far.engine });
  const limit = { timeoutMs: 1000 };
  const results = await Promise.all([there.exec(["true"], limit), there.run("true", limit)]);
  expect(results).toMatchObject([
    { exitCode: 124, timedOut: true },
    { exitCode: 124, timedOut: true },
  ]);
});

test("a parent that is closed before its container host breaks a shell, and no process", async () => {
  const other = createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env: process.env,
  });
  const early = new DockerContainerHost({
    id: "local.r.early",
    service: "api",
    project: name,
    replica: 1,
    engine: other.engine,
  });
  expect(text((await early.run("echo there")).stdout)).toBe("there\n");
  await other[Symbol.asyncDispose]();
  // What has no listener would end the process in the turns that closing the streams takes.
  await expect(early.run("echo gone")).rejects.toMatchObject({ name: "OttoError" });
  await early[Symbol.asyncDispose]();
});
