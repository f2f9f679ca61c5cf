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

test("exec gives stdout, stderr and exit code apart", async () => {
  const result = await host.exec("echo out; echo err >&2; exit 7");
  expect({ ...result, stdout: text(result.stdout), stderr: text(result.stderr) }).toEqual({
    exitCode: 7,
    stdout: "out\n",
    stderr: "err\n",
    timedOut: false,
  });
});

test("exec passes stdin, environment, user and directory", async () => {
  const result = await host.exec("cat; echo $COLOUR $SIZE; id -u; pwd", {
    stdin: "input ",
    env: { SIZE: "a b" },
    user: "1000",
    workdir: "/etc",
  });
  expect(text(result.stdout)).toBe("input red a b\n1000\n/etc\n");
});

test("exec gives every byte back", async () => {
  const bytes = randomBytes(3_000_000);
  const result = await host.exec(["cat"], { stdin: bytes });
  expect(result.stdout.equals(bytes)).toBe(true);
});

test("a program that is not there is an error, not an exit code", async () => {
  for (const options of [{}, { stdin: "" }]) {
    await expect(host.exec(["no-such-program"], options)).rejects.toMatchObject({
      code: "HOST_COMMAND_NOT_STARTED",
      message: expect.stringContaining("not found"),
    });
  }
});

test("a command that times out ends in the container, its children too, and keeps its output", async () => {
  const result = await host.exec("echo before; sleep 4321 & sleep 4321", { timeoutMs: 4000 });
  expect(result).toMatchObject({ timedOut: true, exitCode: 124 });
  expect(text(result.stdout)).toBe("before\n");
  await expect.poll(() => processesWith("sleep 4321")).toEqual([]);
});

test("an aborted command ends in the container, even one that ignores SIGTERM", async () => {
  const controller = new AbortController();
  const running = host.exec("trap '' TERM; sleep 5432; sleep 5432", { signal: controller.signal });
  await expect.poll(() => processesWith("sleep 5432")).not.toEqual([]);
  controller.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => processesWith("sleep 5432")).toEqual([]);
});

test("a finished command leaves nothing of its wrapper", async () => {
  await host.exec("true");
  await expect.poll(() => processesWith("trap")).toEqual([]);
});

test("run keeps directory, variables and functions", async () => {
  await host.run("cd /etc; colour=blue; export SIZE=9; greet() { echo hello $1; }");
  const result = await host.run("pwd; echo $colour; sh -c 'echo $SIZE'; greet you");
  expect(text(result.stdout)).toBe("/etc\nblue\n9\nhello you\n");
});

test.each([
  ["false", 1],
  ["(exit 200)", 200],
  ["echo 'unbalanced", 2],
  ["# a comment", 0],
  ["cat <<EOF\nhere\nEOF", 0],
  ["echo no-newline | tr -d '\\n'", 0],
])("run of %j gives its exit code %i and the session goes on", async (command, exitCode) => {
  await host.run("mark=kept");
  expect(await host.run(command)).toMatchObject({ exitCode, timedOut: false });
  expect(text((await host.run("echo $mark")).stdout)).toBe("kept\n");
});

test("run of exit gives its code, and a new shell next", async () => {
  await host.run("gone=yes");
  expect(await host.run("exit 42")).toMatchObject({ exitCode: 42 });
  expect(text((await host.run("echo [$gone]")).stdout)).toBe("[]\n");
});

test("runs of one host queue in their order", async () => {
  const results = await Promise.all([1, 2, 3].map((n) => host.run(`n=$((n * 10 + ${n})); echo $n`)));
  expect(results.map(({ stdout }) => text(stdout))).toEqual(["1\n", "12\n", "123\n"]);
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
  const limit = { timeoutMs: 4000 };
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
