import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { finished, lineOf, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

let repo: TestRepo;
beforeEach(async () => {
  repo = await createTestRepo();
});
afterEach(async () => {
  await repo[Symbol.asyncDispose]();
});

const hostId = (service: string) => `local.${repo.name}.${service}`;

test("a program reads what became of each image and each host", async () => {
  const build = await runJson(repo.place, ["docker", "build"]);
  expect(build.lines.filter((line) => line.type === "image")).toMatchObject([
    {
      repo: repo.name,
      parent: "local",
      image: "api",
      status: "success",
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
  ]);
  expect(build.lines.map((line) => line.type)).toContain("build.started");
  const up = await runJson(repo.place, ["docker", "up"]);
  expect(up.lines.filter((line) => line.type === "host").map((line) => [line.id, line.state])).toEqual(
    expect.arrayContaining([
      [hostId("api"), "running"],
      [hostId("web"), "running"],
    ]),
  );
  const ps = await runJson(repo.place, ["docker", "ps", "--all-stacks", "--on", "local"]);
  expect(ps.lines.find((line) => line.Names === `${repo.project}-api-1`)).toMatchObject({
    type: "container",
    parent: "local",
    Image: `${repo.name}-api:latest`,
    State: "running",
  });
  const exec = await runJson(repo.place, ["host", hostId("api"), "exec", "cat", "/etc/marker"]);
  expect(exec.lines).toMatchObject([{ exitCode: 0, stdout: "first\n", stderr: "", timedOut: false }]);
  const down = await runJson(repo.place, ["docker", "down"]);
  expect(down.lines.find(({ type }) => type === "stack")).toMatchObject({
    type: "stack",
    repo: repo.name,
    status: "success",
  });
});

test("containers are reached, their logs read and taken down while the compose file is broken", async () => {
  await runOtto(repo.place, ["docker", "build"]);
  await runOtto(repo.place, ["docker", "up"]);
  await repo.write("docker/compose.yml", "services: [\n");
  const exec = await runOtto(repo.place, ["host", hostId("api"), "exec", "cat", "/etc/marker"]);
  expect(exec).toMatchObject({ exitCode: 0, stdout: "first\n", stderr: expect.stringContaining("compose.yml") });
  for (const words of [
    ["docker", "logs"],
    ["docker", "logs", "api"],
    ["host", hostId("api"), "logs"],
    ["docker", "down"],
  ])
    expect([words, (await runOtto(repo.place, words)).exitCode]).toEqual([words, 0]);
  const gone = await runOtto(repo.place, ["host", hostId("api"), "exec", "true"]);
  expect(gone).toMatchObject({ exitCode: 255, stderr: expect.stringContaining("compose.yml") });
});

const inWords = (holder: string) => `waiting for ann@desk (process 7) (there: ${holder})`;
const inJson = (holder: string) => `"uid":${holder.replace("uid ", "").replace(" pid ", '"pid":')}`;
test.each<[string, "stdout" | "stderr", (holder: string) => string]>([
  ["docker down", "stderr", inWords],
  ["docker up --no-build", "stderr", inWords],
  ["--json docker down", "stdout", inJson],
])("otto %s says for whom it waits", async (line, stream, wanted) => {
  const place = `/run/lock/otto-${process.getuid?.()}/${repo.project}`;
  await mkdir(place, { recursive: true });
  const words = [place, "sh", "-c", "echo held; read -r _", "ann@desk (process 7)"];
  const holder = spawn("flock", words, { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  const waiter = startOtto(repo.place, line.split(" "));
  const said = await lineOf(waiter[stream], (text) => text.includes("waiting"));
  expect(said).toContain(wanted(`uid ${process.getuid?.()}, pid ${holder.pid}`));
  expect(said).toContain("ann@desk (process 7)");
  expect(said).toContain(repo.project);
  const ended = once(waiter, "exit");
  holder.stdin.end();
  await ended;
});

test("a dry run says what would be done at each step of a stack's life and changes nothing", async () => {
  const before = await readEngineState(repo.name);
  const plan = async (...argv: string[]) => {
    const { exitCode, lines } = await runJson(repo.place, [...argv, "--dry-run"]);
    expect(exitCode).toBe(0);
    return lines
      .filter((line) => line.type === "step")
      .map((line) => [line.do, line.image ?? line.service ?? line.name]);
  };
  expect(await plan("docker", "up")).toEqual([
    ["build", "api"],
    ["create", "api"],
    ["create", "web"],
  ]);
  expect(await readEngineState(repo.name)).toEqual(before);
  expect((await runOtto(repo.place, ["docker", "up"])).exitCode).toBe(0);
  const during = await readEngineState(repo.name);
  expect(await plan("docker", "up")).toEqual([
    ["skip", "api"],
    ["leave", "api"],
    ["leave", "web"],
  ]);
  expect(await plan("docker", "build", "--rebuild")).toEqual([["build", "api"]]);
  expect(await plan("docker", "down")).toEqual([
    ["remove", `${repo.project}-api-1`],
    ["remove", `${repo.project}-web-1`],
    ["remove", `${repo.project}_default`],
    ["remove", expect.stringContaining(repo.project)],
  ]);
  expect(await readEngineState(repo.name)).toEqual(during);
});

test("stdin, variables, directory and user reach the command when asked", async () => {
  expect((await runOtto(repo.place, ["docker", "up", "--quiet"])).stderr).toBe("");
  const exec = ["host", hostId("api"), "exec"];
  expect((await runOtto(repo.place, [...exec, "-i", "cat"], "from here")).stdout).toBe("from here");
  const options = ["--env", "COLOUR=deep red", "--workdir", "/etc", "--user", "1234"];
  const shown = await runOtto(repo.place, [...exec, ...options, "echo $COLOUR; pwd; id -u"]);
  expect(shown.stdout).toBe("deep red\n/etc\n1234\n");
  const late = await runJson(repo.place, [...exec, "--timeout", "0.3", "sleep", "60"]);
  expect(late.lines).toMatchObject([{ code: "CLI_COMMAND_TIMED_OUT" }, { exitCode: 124, timedOut: true }]);
});

test("the repository is the nearest upwards from where the caller stands, or those of OTTO_SUT_DIRS", async () => {
  await mkdir(join(repo.root, "a/b"), { recursive: true });
  const below = await runOtto({ ...repo.place, cwd: join(repo.root, "a/b") }, ["docker", "build", "-n"]);
  expect(below.stdout).toContain(`${repo.name}-api:`);
  const asScript = { ...repo.place.env, npm_lifecycle_event: "otto", INIT_CWD: join(repo.root, "a/b") };
  expect((await runOtto({ cwd: "/", env: asScript }, ["docker", "build", "-n"])).stdout).toBe(below.stdout);
  expect((await runOtto({ cwd: "/", env: asScript }, ["host", "local", "exec", "pwd"])).stdout).toBe(
    `${join(repo.root, "a/b")}\n`,
  );
  await using other = await createTestRepo();
  const env = { ...repo.place.env, OTTO_SUT_DIRS: `${repo.root},${other.root}` };
  const both = await runJson({ cwd: "/", env }, ["docker", "build", "-n"]);
  expect(both.lines.map((line) => line.repo)).toEqual([repo.name, other.name, undefined]);
  const one = await runJson({ cwd: "/", env }, ["docker", "build", "-n", "--repo", other.name]);
  expect(one.lines.map((line) => line.repo)).toEqual([other.name, undefined]);
});

test("of several repositories, one without a parent in the lab is named as skipped", async () => {
  await using other = await createTestRepo();
  const machine = (element: string) => ({
    element,
    ip: "127.0.0.1",
    creds: [{ login: "u" }],
    labs: ["two"],
    docker_capable: true,
  });
  await repo.write("lab.json", JSON.stringify({ hosts: [machine("a"), machine("b")] }));
  await repo.write(".otto/settings.toml", settings(repo.name, 'default_host = "local"\n'));
  const env = { ...repo.place.env, OTTO_SUT_DIRS: `${repo.root},${other.root}`, OTTO_LAB: "local+two" };
  await other.write("lab.json", JSON.stringify({ hosts: [] }));
  const { exitCode, lines } = await runJson({ cwd: "/", env }, ["docker", "build", "-n"]);
  expect([exitCode, lines.find((line) => line.type === "skipped")?.repo]).toEqual([0, other.name]);
  expect(lines.filter((line) => line.type === "step").map((line) => line.repo)).toEqual([repo.name]);
});

test("SIGINT ends otto with 130, and the command with it", async () => {
  const fifo = join(repo.root, "alive");
  await promisify(execFile)("mkfifo", [fifo]);
  // Its reader sees the end when the last process that holds it has gone.
  const line = `exec 9> ${fifo}; echo started >&9; exec sleep 60`;
  const child = startOtto(repo.place, ["host", "local", "exec", "--timeout", "inf", line]);
  const ended = finished(child);
  const alive = createReadStream(fifo, "utf8");
  const gone = once(alive, "end");
  expect(await once(alive, "data")).toEqual(["started\n"]);
  child.kill("SIGINT");
  expect((await ended).exitCode).toBe(130);
  await gone;
});

test("SIGTERM during a build ends it with 143 and tags nothing", async () => {
  await repo.write("docker/Dockerfile", "FROM scratch\nCOPY root /\nRUN echo now-waiting; sleep 300\n");
  const child = startOtto(repo.place, ["docker", "build"]);
  const ended = new Promise((resolve) => child.once("close", resolve));
  await lineOf(child.stderr, (line) => line.endsWith("now-waiting"));
  child.kill("SIGTERM");
  expect(await ended).toBe(143);
  expect((await readEngineState(repo.name)).tags).toEqual([]);
});

test("SIGINT while services come up takes down what was started", async () => {
  await repo.write(
    "docker/compose.yml",
    `services:\n  api:\n    image: ${repo.name}-api:latest\n    init: true\n    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 100, start_period: 100s}\n`,
  );
  const child = startOtto(repo.place, ["docker", "up", "--json"]);
  const ended = new Promise((resolve) => child.once("close", resolve));
  await expect.poll(async () => (await readEngineState(repo.name)).containers).toHaveLength(1);
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});

test("of several repositories, one whose image fails does not keep the others from coming up", async () => {
  await using other = await createTestRepo();
  await repo.write("docker/Dockerfile", "FROM scratch\nCOPY nothing /\n");
  const env = { ...repo.place.env, OTTO_SUT_DIRS: `${repo.root},${other.root}` };
  const up = await runJson({ cwd: "/", env }, ["docker", "up"]);
  expect([up.exitCode, up.lines.filter((line) => line.type === "error").map((line) => line.code)]).toEqual([
    1,
    ["BUILD_FAILED"],
  ]);
  expect((await readEngineState(other.name)).containers).toHaveLength(2);
  expect((await readEngineState(repo.name)).containers).toEqual([]);
});

test("images named across repositories are built where they are declared, and an unknown one nowhere", async () => {
  await using other = await createTestRepo();
  await other.write(".otto/settings.toml", settings(other.name).replace('name = "api"', 'name = "tool"'));
  const env = { ...repo.place.env, OTTO_SUT_DIRS: `${repo.root},${other.root}` };
  const plan = async (...names: string[]) => {
    const { exitCode, lines } = await runJson({ cwd: "/", env }, ["docker", "build", "-n", ...names]);
    return [exitCode, ...lines.filter((line) => line.type === "step").map((line) => [line.repo, line.image])];
  };
  expect(await plan("tool")).toEqual([0, [other.name, "tool"]]);
  expect(await plan("tool", "api")).toEqual([0, [repo.name, "api"], [other.name, "tool"]]);
  expect(await plan("tool", "nope")).toEqual([2]);
});

test("a down that removes volumes of a stack that is down says that it changed something", async () => {
  const api = { image: `${repo.name}-api:latest`, init: true, volumes: ["data:/data"] };
  await repo.write("docker/compose.yml", JSON.stringify({ services: { api }, volumes: { data: {} } }));
  for (const words of [["up"], ["down"]]) expect((await runOtto(repo.place, words)).exitCode).toBe(0);
  const summary = async () => (await runJson(repo.place, ["down", "-v"])).lines.find(({ type }) => type === "summary");
  expect(await summary()).toMatchObject({ isChanged: true });
  expect(await summary()).toMatchObject({ isChanged: false });
});
