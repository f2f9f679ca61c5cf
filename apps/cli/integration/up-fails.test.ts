import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Run, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const secret = "swordfish-of-the-stack";
const variable = "value-of-a-variable";
let repo: TestRepo;

beforeAll(async () => {
  repo = await createTestRepo();
  await runOtto(repo.place, ["docker", "build"]);
});

afterAll(() => repo[Symbol.asyncDispose]());

/** A stack of its own, so that tests can go on side by side; all have the image that was built. */
async function createStack(suffix: string) {
  const directory = `stacks/${suffix}`;
  const compose = '[[docker.composes]]\npath = "compose.yml"\n';
  await repo.write(`${directory}/.otto/settings.toml`, `name = "${repo.name}"\nversion = "1"\n${compose}`);
  await repo.write(`${directory}/token`, `${secret}\n`);
  const project = `otto-${repo.name}-${suffix}`;
  const place = { cwd: join(repo.root, directory), env: { ...repo.place.env, OTTO_COMPOSE_SUFFIX: suffix } };
  return {
    place,
    project,
    savedAt: join(repo.root, "home/.local/state/otto/failures", `${project}@local`),
    composeFile: join(place.cwd, "compose.yml"),
    otto: (...argv: string[]) => runOtto(place, argv),
    container: (service: string) => `${project}-${service}-1`,
    states: async (): Promise<string[]> => {
      const filter = `label=com.docker.compose.project=${project}`;
      const format = "{{.Names}} {{.State}}";
      const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", format]);
      return stdout.split("\n").filter((line) => line !== "");
    },
    /** Writes the stack's services. */
    declare: (services: object): Promise<void> => {
      const image = `${repo.name}-api:latest`;
      const all = Object.entries(services).map(([name, one]) => [name, { image, init: true, ...(one as object) }]);
      const file = { services: Object.fromEntries(all) as object, secrets: { token: { file: "token" } } };
      return repo.write(`${directory}/compose.yml`, JSON.stringify(file));
    },
  };
}

type Stack = Awaited<ReturnType<typeof createStack>>;

const hostOf = (service: string) => `local.${repo.name}.${service}`;

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

test.concurrent("a first up that fails is taken down, and its logs are kept on this machine until the stack is up", async ({
  expect,
}) => {
  const { otto, declare, states, savedAt, place } = await createStack("first");
  await declare(crashing);
  const { exitCode, stderr } = await otto("docker", "up");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("error[COMPOSE_SERVICE_FAILED]: the service api on local is not up: it exited with 3");
  expect(stderr).toContain("  web: waits for api");
  expect(stderr).toContain(savedAt);
  expect(stderr).toContain("otto docker logs api");
  expect(stderr).not.toContain(secret);
  expect(await states()).toEqual([]);

  const files = readAll(savedAt);
  expect([...files.keys()].toSorted()).toEqual(["api-1.log", "failure.json", "inspect.json", "web-1.log"]);
  expect(statSync(savedAt).mode & 0o777).toBe(0o700);
  expect([...files.keys()].map((name) => statSync(join(savedAt, name)).mode & 0o777)).toEqual(
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
  const { lines } = await runJson(place, ["docker", "logs", "api"]);
  expect(lines.filter(({ type }) => type === "log")).toHaveLength(3);

  await declare({ api: sh("echo up; exec sleep infinity") });
  expect(await otto("docker", "up")).toMatchObject({ exitCode: 0 });
  expect(existsSync(savedAt)).toBe(false);
  expect(await otto("docker", "logs")).toMatchObject({ stdout: "api | up\n", stderr: "" });
});

test.concurrent("with --keep it stays as it failed, and the hint says how to look at it and remove it", async ({
  expect,
}) => {
  const { otto, declare, states, container, savedAt } = await createStack("kept");
  await declare(crashing);
  const { exitCode, stderr } = await otto("docker", "up", "--keep");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/hint: It is kept as it is\. .*otto docker ps --all.*otto docker logs api.*otto docker down/);
  expect(await states()).toEqual(expect.arrayContaining([`${container("api")} exited`]));
  expect((await otto("docker", "logs", "api")).stdout).toContain("api | why");
  expect(existsSync(savedAt)).toBe(false);
  expect(await otto("docker", "down")).toMatchObject({ exitCode: 0 });
  expect(await states()).toEqual([]);
});

test.concurrent("a stack that ran before is left as it is by an up that fails, and nothing is saved", async ({
  expect,
}) => {
  const { otto, declare, states, container, savedAt } = await createStack("before");
  await declare({ api: {} });
  await otto("docker", "up");
  await declare({ api: {}, job: { ...sh("sleep 0.2; exit 4"), ...late } });
  const { stderr } = await otto("docker", "up");
  expect(stderr).toContain("What ran before is left as it is.");
  expect(await states()).toContain(`${container("api")} running`);
  expect(existsSync(savedAt)).toBe(false);
});

test.concurrent("an up that is interrupted while it waits keeps the logs, too, and says where", async ({ expect }) => {
  const { otto, declare, states, container, savedAt, place } = await createStack("interrupted");
  await declare({ api: { ...sh("echo begun; exec sleep infinity"), ...late } });
  const child = startOtto(place, ["docker", "up", "--json"]);
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
  expect(lines.join("\n")).toContain(`the logs of its containers are in ${savedAt}`);
  expect(await states()).toEqual([]);
  expect((await otto("docker", "logs")).stdout).toBe("api | begun\n");
});

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

const situations: Readonly<Record<string, (stack: Stack) => Situation>> = {
  absent: ({ container }) => ({
    services: server,
    make: () => docker("rm", "--force", container("api")),
    exitCode: 0,
    says: new RegExp(`${hostOf("api")} has no container: bringing its stack up on local, without building`),
  }),
  created: ({ container, project, composeFile }) => ({
    services: server,
    make: async () => {
      await docker("rm", "--force", container("api"));
      await docker("compose", "--project-name", project, "--file", composeFile, "create");
    },
    exitCode: 0,
    says: new RegExp(`${hostOf("api")} is created: bringing its stack up on local`),
  }),
  exited: ({ container }) => ({
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
  restarting: ({ container }) => ({
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
  paused: ({ container }) => ({
    services: server,
    make: () => docker("pause", container("api")),
    exitCode: 255,
    says: /the container of the service api is paused/,
    shows: [isUp("api")],
    works: true,
  }),
  unhealthy: ({ container }) => ({
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

test.concurrent.each(Object.entries(situations))(
  "the hints of exec in a container that is %s lead on",
  async (name, situation) => {
    const stack = await createStack(name.replaceAll(" ", "-"));
    const { services, make, exitCode, says, shows = [], works } = situation(stack);
    await stack.declare(services);
    expect(await stack.otto("docker", "up")).toMatchObject({ exitCode: 0 });
    await make();
    const service = "job" in services ? "job" : "api";
    const exec = () => stack.otto("host", hostOf(service), "exec", "--", "echo", "done");
    const run = await exec();
    expect([run.exitCode, run.stderr]).toEqual([exitCode, expect.stringMatching(says)]);
    const followed = [];
    for (const argv of hinted(run)) followed.push(await stack.otto(...argv));
    expect(followed.map(({ stdout }) => stdout)).toEqual(shows.map((shown) => expect.stringMatching(shown) as string));
    const again = await exec();
    expect(again.exitCode).toBe(works === true || exitCode === 0 ? 0 : 255);
    expect(await stack.otto("docker", "down")).toMatchObject({ exitCode: 0 });
  },
);
