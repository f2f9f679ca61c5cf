import { execFile } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", proxy: {} } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  const service = (script: string) => ({ image: `${repo.name}-api:latest`, init: true, command: ["sh", "-c", script] });
  const services = {
    // The engine reads each stream by itself: what is written at once may come in either order.
    api: {
      ...service("echo api out; sleep 1; echo api err >&2; touch /written; exec sleep infinity"),
      healthcheck: { test: ["CMD", "test", "-e", "/written"], interval: "0.5s", retries: 1000 },
    },
    web: {
      ...service("echo web out; exec sleep infinity"),
      scale: 2,
      depends_on: { api: { condition: "service_healthy" } },
    },
    tick: service("n=0; while :; do echo tick $$n; n=$$((n + 1)); usleep 20000; done"),
  };
  await repo.write("docker/compose.yml", JSON.stringify({ services }));
  const { exitCode, stderr } = await runOtto(repo.place, ["docker", "up"]);
  if (exitCode !== 0) throw new Error(stderr);
  await untilWritten(4, "api", "web");
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** Waits until the services have written so many lines. */
async function untilWritten(count: number, ...services: string[]): Promise<void> {
  const child = startOtto(repo.place, ["docker", "logs", "--follow", ...services]);
  const ended = once(child, "close");
  let lines = 0;
  for await (const _ of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines += 1;
    if (lines === count) child.kill("SIGINT");
  }
  await ended;
}

async function logs(...words: string[]): Promise<string[]> {
  const { stdout, stderr, exitCode } = await runOtto(repo.place, ["docker", "logs", ...words]);
  expect([exitCode, stderr]).toEqual([0, ""]);
  return stdout.split("\n").slice(0, -1);
}

test("the services' lines come in order of time, each with its service and replica", async () => {
  const lines = await logs("api", "web");
  expect(lines.slice(0, 2)).toEqual(["api | api out", "api | api err"]);
  expect(
    lines
      .slice(2)
      .map((line) => line.replace(/ +\|/, " |"))
      .toSorted(),
  ).toEqual(["web | web out", "web.2 | web out"]);
  const dated = await logs("--timestamps", "--tail", "1", "api");
  expect(dated).toEqual([expect.stringMatching(/^api \| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z api err$/)]);
});

test("services have colours of their own where colour is wanted", async () => {
  const place = { ...repo.place, env: { ...repo.place.env, FORCE_COLOR: "1" } };
  const { stdout } = await runOtto(place, ["docker", "logs", "api", "web"]);
  const colors = stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.slice(0, 5));
  expect(new Set(colors.slice(0, 2)).size).toBe(1);
  expect(new Set(colors).size).toBe(2);
  expect(colors[0]).toContain("\u001b[");
});

test("--json has an object for each line", async () => {
  const { lines, exitCode } = await runJson(repo.place, ["docker", "logs", "api"]);
  expect(exitCode).toBe(0);
  expect(lines.slice(0, -1)).toEqual([
    expect.objectContaining({ type: "log", service: "api", replica: 1, stream: "stdout", line: "api out" }),
    expect.objectContaining({ type: "log", repo: repo.name, parent: "parent", stream: "stderr", line: "api err" }),
  ]);
});

test("followed lines come once each, though the link is cut and containers are replaced", async () => {
  const child = startOtto(repo.place, ["docker", "logs", "--follow", "--json", "tick"]);
  const ended = finished(child);
  const runs: number[][] = [];
  let replaced: Promise<unknown> = Promise.resolve();
  for await (const text of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { type, line = "" } = JSON.parse(text) as { type: string; line?: string };
    if (type !== "log") break;
    const number = Number(line.replace("tick ", ""));
    if (number === 0) runs.push([]);
    const run = runs.at(-1);
    run?.push(number);
    if (run?.length === 20 || run?.length === 40) {
      // The link that is cut is that of what replaces the container, too.
      await replaced;
      lab.hosts.parent.proxy?.cut();
    }
    if (run?.length === 60 && runs.length === 1)
      replaced = execute("docker", ["restart", "-t", "0", `${repo.project}-tick-1`]);
    if (run?.length === 60 && runs.length === 2) replaced = recreate();
    if (run?.length === 60 && runs.length === 3) child.kill("SIGINT");
  }
  expect((await ended).exitCode).toBe(130);
  expect(runs.length).toBe(3);
  for (const run of runs) expect(run).toEqual(run.map((_, index) => index));
});

async function recreate(): Promise<void> {
  await execute("docker", ["rm", "--force", `${repo.project}-tick-1`]);
  expect((await runOtto(repo.place, ["docker", "up", "--no-build"])).exitCode).toBe(0);
}

test("one host's log is shown as it was written", async () => {
  const id = `parent.${repo.name}.api`;
  expect(await runOtto(repo.place, ["host", id, "logs"])).toEqual({
    exitCode: 0,
    stdout: "api out\napi err\n",
    stderr: "",
  });
  const last = await runOtto(repo.place, ["host", id, "logs", "--tail", "1", "--since", "1h"]);
  expect(last.stdout).toBe("api err\n");
});

test.each([
  [["docker", "logs", "nosuch"], "COMPOSE_UNKNOWN_SERVICE"],
  [["docker", "logs", "--since", "yesterday"], "CLI_USAGE"],
  [["docker", "logs", "--tail", "x"], "CLI_USAGE"],
  [["host", "parent", "logs"], "CLI_USAGE"],
])("otto %j is a mistake of the caller: %s", async (argv, code) => {
  const { lines, exitCode } = await runJson(repo.place, argv);
  expect(exitCode).toBe(2);
  expect(lines[0]).toMatchObject({ type: "error", code });
});
