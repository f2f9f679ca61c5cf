import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Run, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const secret = "swordfish-of-the-stack";
const variable = "value-of-a-variable";
let repo: TestRepo;

beforeAll(async () => {
  repo = await createTestRepo();
  await repo.write("docker/token", `${secret}\n`);
  await otto("docker", "build");
});

afterAll(() => repo[Symbol.asyncDispose]());

beforeEach(async () => {
  await otto("docker", "down");
});

const otto = (...argv: string[]) => runOtto(repo.place, argv);
const container = (service: string) => `${repo.project}-${service}-1`;
const hostOf = (service: string) => `local.${repo.name}.${service}`;
const savedAt = () => join(repo.root, "home/.local/state/otto/failures", `${repo.project}@local`);

async function states(): Promise<string[]> {
  const filter = `label=com.docker.compose.project=${repo.project}`;
  const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", "{{.Names}} {{.State}}"]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Writes the stack's services. */
const declare = (services: object) => {
  const image = `${repo.name}-api:latest`;
  const all = Object.entries(services).map(([name, service]) => [name, { image, init: true, ...(service as object) }]);
  const file = { services: Object.fromEntries(all) as object, secrets: { token: { file: "token" } } };
  return repo.write("docker/compose.yml", JSON.stringify(file));
};

const sh = (script: string) => ({ command: ["sh", "-c", script] });
/** Keeps a service from being up before it ends. */
const late = { healthcheck: { test: ["CMD", "true"], interval: "60s" } };
const crashing = {
  api: {
    ...sh("cat /run/secrets/token; echo why; echo aside >&2; sleep 0.2; exit 3"),
    ...late,
    secrets: ["token"],
    environment: { PASSWORD: variable },
  },
  web: { depends_on: { api: { condition: "service_healthy" } } },
};

function readAll(directory: string): Map<string, string> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

test("a first up that fails is taken down, and its logs are kept on this machine until the stack is up", async () => {
  await declare(crashing);
  const { exitCode, stderr } = await otto("docker", "up");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("error[COMPOSE_SERVICE_FAILED]: the service api on local is not up: it exited with 3");
  expect(stderr).toContain("  web: waits for api");
  expect(stderr).toContain(savedAt());
  expect(stderr).toContain("otto docker logs api");
  expect(stderr).not.toContain(secret);
  expect(await states()).toEqual([]);

  const files = readAll(savedAt());
  expect([...files.keys()].toSorted()).toEqual(["api-1.log", "failure.json", "inspect.json", "web-1.log"]);
  expect(statSync(savedAt()).mode & 0o777).toBe(0o700);
  expect([...files.keys()].map((name) => statSync(join(savedAt(), name)).mode & 0o777)).toEqual(
    [...files.keys()].map(() => 0o600),
  );
  for (const text of files.values()) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(variable);
  }
  expect(JSON.parse(files.get("inspect.json") ?? "")).toMatchObject([
    { Config: { Image: `${repo.name}-api:latest` } },
    {},
  ]);

  const logs = await otto("docker", "logs", "api");
  expect(logs.exitCode).toBe(0);
  expect(logs.stdout.split("\n").toSorted()).toEqual(["", "api | [redacted]", "api | aside", "api | why"].toSorted());
  expect(logs.stderr).toMatch(/^warning: \S+ is not up on local: these are the lines of its last up, which failed at /);
  expect((await otto("docker", "logs", "--tail", "1", "web")).stdout).toBe("");
  const { lines } = await runJson(repo.place, ["docker", "logs", "api"]);
  expect(lines.filter(({ type }) => type === "log")).toHaveLength(3);

  await declare({ api: sh("echo up; exec sleep infinity") });
  expect(await otto("docker", "up")).toMatchObject({ exitCode: 0 });
  expect(existsSync(savedAt())).toBe(false);
  expect(await otto("docker", "logs")).toMatchObject({ stdout: "api | up\n", stderr: "" });
});

test("with --keep it stays as it failed, and the hint says how to look at it and remove it", async () => {
  await declare(crashing);
  const { exitCode, stderr } = await otto("docker", "up", "--keep");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/hint: It is kept as it is\. .*otto docker ps --all.*otto docker logs api.*otto docker down/);
  expect(await states()).toEqual(expect.arrayContaining([`${container("api")} exited`]));
  expect((await otto("docker", "logs", "api")).stdout).toContain("api | why");
  expect(existsSync(savedAt())).toBe(false);
  expect(await otto("docker", "down")).toMatchObject({ exitCode: 0 });
  expect(await states()).toEqual([]);
});

test("a stack that ran before is left as it is by an up that fails, and nothing is saved", async () => {
  await declare({ api: {} });
  await otto("docker", "up");
  await declare({ api: {}, job: { ...sh("sleep 0.2; exit 4"), ...late } });
  const { stderr } = await otto("docker", "up");
  expect(stderr).toContain("What ran before is left as it is.");
  expect(await states()).toContain(`${container("api")} running`);
  expect(existsSync(savedAt())).toBe(false);
});

test("an up that is interrupted while it waits keeps the logs, too, and says where", async () => {
  await declare({ api: { ...sh("echo begun; exec sleep infinity"), ...late } });
  const child = startOtto(repo.place, ["docker", "up", "--json"]);
  const ended = once(child, "close");
  const lines: string[] = [];
  let isInterrupted = false;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines.push(line);
    if (isInterrupted || !(await states()).includes(`${container("api")} running`)) continue;
    isInterrupted = true;
    child.kill("SIGINT");
  }
  await ended;
  expect(child.exitCode).toBe(130);
  expect(lines.join("\n")).toContain(`the logs of its containers are in ${savedAt()}`);
  expect(await states()).toEqual([]);
  expect((await otto("docker", "logs")).stdout).toBe("api | begun\n");
});

const exec = (service: string) => otto("host", hostOf(service), "exec", "--", "echo", "done");

/** The commands of a run's hint. */
function hinted({ stderr }: Run): string[][] {
  const hint = /^hint: ((?:.|\n)*)$/m.exec(stderr)?.[1] ?? "";
  return [...hint.matchAll(/otto ((?:[\w.-]+ ?)+)/g)].map(([, words = ""]) => words.trim().split(" "));
}

const docker = (...argv: string[]) => execute("docker", argv);

interface Situation {
  readonly services: object;
  /** Makes the container what the test is about, from a stack that is up. */
  readonly make: () => Promise<unknown>;
  readonly exitCode: number;
  /** What `exec` says. */
  readonly says: RegExp;
  /** What its hint's commands show or do, in their order. */
  readonly shows?: readonly RegExp[];
  /** Whether `exec` works when they were followed. */
  readonly works?: boolean;
}

const server = { api: sh("echo serving; exec sleep infinity") };
const isUp = (service: string) => new RegExp(`${repo.name}\\.${service} +running`);

const situations: Readonly<Record<string, () => Situation>> = {
  absent: () => ({
    services: server,
    make: () => docker("rm", "--force", container("api")),
    exitCode: 0,
    says: new RegExp(`${hostOf("api")} has no container: bringing its stack up on local, without building`),
  }),
  created: () => ({
    services: server,
    make: async () => {
      await docker("rm", "--force", container("api"));
      await docker(
        "compose",
        "--project-name",
        repo.project,
        "--file",
        join(repo.root, "docker/compose.yml"),
        "create",
      );
    },
    exitCode: 0,
    says: new RegExp(`${hostOf("api")} is created: bringing its stack up on local`),
  }),
  exited: () => ({
    services: server,
    make: () => docker("stop", "--time", "0", container("api")),
    exitCode: 0,
    says: new RegExp(`${hostOf("api")} is exited \\(1\\d\\d\\): bringing its stack up on local`),
  }),
  "exited when its work was done": () => ({
    services: { api: {}, job: sh("echo counted; exit 0") },
    make: async () => {},
    exitCode: 255,
    says: /the container of the service job has done its work and exited/,
    shows: [/^job \| counted$/m],
  }),
  restarting: () => ({
    services: { api: { ...sh("echo begun; test ! -e /tmp/x && exec sleep infinity; exit 7"), restart: "always" } },
    make: async () => {
      await docker("exec", container("api"), "touch", "/tmp/x");
      await docker("exec", container("api"), "sh", "-c", "kill -KILL 1; kill -TERM 1; kill -KILL -1").catch(
        () => undefined,
      );
      for (let state = ""; state !== "restarting"; )
        state = (await docker("inspect", "--format", "{{.State.Status}}", container("api"))).stdout.trim();
    },
    exitCode: 255,
    says: /does not stay up: it is restarting \(\d+\)/,
    shows: [/^api \| begun$/m],
  }),
  paused: () => ({
    services: server,
    make: () => docker("pause", container("api")),
    exitCode: 255,
    says: /the container of the service api is paused/,
    shows: [isUp("api")],
    works: true,
  }),
  unhealthy: () => ({
    services: {
      api: { ...server.api, healthcheck: { test: ["CMD", "test", "!", "-e", "/sick"], interval: "300ms", retries: 1 } },
    },
    make: async () => {
      await docker("exec", container("api"), "touch", "/sick");
      for (let health = ""; health !== "unhealthy"; )
        health = (await docker("inspect", "--format", "{{.State.Health.Status}}", container("api"))).stdout.trim();
    },
    exitCode: 0,
    says: /^$/,
  }),
};

test.each(Object.entries(situations))("the hints of exec in a container that is %s lead on", async (_, situation) => {
  const { services, make, exitCode, says, shows = [], works } = situation();
  await declare(services);
  expect(await otto("docker", "up")).toMatchObject({ exitCode: 0 });
  await make();
  const service = "job" in services ? "job" : "api";
  const run = await exec(service);
  expect([run.exitCode, run.stderr]).toEqual([exitCode, expect.stringMatching(says)]);
  const followed = [];
  for (const argv of hinted(run)) followed.push(await otto(...argv));
  expect(followed.map(({ stdout }) => stdout)).toEqual(shows.map((shown) => expect.stringMatching(shown) as string));
  const again = await exec(service);
  expect(again.exitCode).toBe(works === true || exitCode === 0 ? 0 : 255);
});
