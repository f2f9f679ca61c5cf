import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { composeDown, composeTest, composeUp, type Lab, type Repo } from "@otto/docker";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createStackChildren, says } from "./stack-children.js";
import { createStackRepo, left, nothing, type StackRepo } from "./stack-lab.js";

/*
 * Each case is a profile of one file, with a service `<case>-test` whose exit code counts, and its own Compose project. What
 * `docker compose up --exit-code-from` makes of the same is the control.
 */
const sh = (script: string) =>
  `command: [sh, -c, ${JSON.stringify(script.replaceAll("$", "$$$$").replace("WAIT", "${WAIT:-1}"))}]`;
const rest = 'image: "$IMAGE", init: true, stop_grace_period: 1s';
const service = (name: string, profile: string, words: string) =>
  `  ${profile}-${name}: { ${rest}, profiles: [${profile}], ${words} }`;
const server = sh("exec sleep 600");
/** A sidecar that ends when the tested service has it do so, and a test that goes on after that; for long with Compose. */
const endsWhenAsked = (exitCode: number) => sh(`nc -l -p 9 >/dev/null; exit ${exitCode}`);
const asks = (name: string, exitCode: number) =>
  sh(`until nc -w 1 ${name} 9 </dev/null; do sleep 0.1; done; sleep WAIT; exit ${exitCode}`);

interface Case {
  readonly of: string;
  readonly what: string;
  /** By name, without that of the case. */
  readonly services: Readonly<Record<string, string>>;
  /** How the test ends: an exit code, or the code of an error. */
  readonly wanted: number | string;
  /** Where another service is why a test fails that exits with 0. */
  readonly blamed?: string;
  /** What Compose 2.26 makes of it, in any order of what happens; undefined: it goes on. */
  readonly compose: readonly (number | undefined)[];
  readonly timeoutMs?: number;
}

const cases: readonly Case[] = [
  { of: "a", what: "it exits with 0", services: { db: server, test: sh("exit 0") }, wanted: 0, compose: [0] },
  { of: "b", what: "it exits with 7", services: { db: server, test: sh("exit 7") }, wanted: 7, compose: [7] },
  {
    of: "c",
    what: "an init service exits with 0 before it",
    services: {
      init: sh("exit 0"),
      test: `${sh("sleep 1; exit 3")}, depends_on: { c-init: { condition: service_completed_successfully } }`,
    },
    wanted: 3,
    compose: [143, 137, 0, 3],
  },
  {
    of: "d",
    what: "a sidecar ends with 0 before it",
    services: { side: sh("exit 0"), test: sh("sleep WAIT; exit 4") },
    wanted: 4,
    compose: [143, 137, 0],
  },
  {
    of: "e",
    what: "a sidecar fails meanwhile",
    services: { side: endsWhenAsked(3), test: asks("e-side", 0) },
    wanted: 0,
    blamed: "e-side",
    compose: [143, 137, 0],
  },
  {
    of: "f",
    what: "a sidecar crashes, and its policy starts it again",
    services: { side: `${endsWhenAsked(9)}, restart: on-failure`, test: asks("f-side", 5) },
    wanted: 5,
    compose: [5, 143, 137, 0],
  },
  {
    of: "g",
    what: "it is killed by a signal",
    services: { db: server, test: sh("kill -9 $$") },
    wanted: 137,
    compose: [137],
  },
  {
    of: "h",
    what: "it never ends",
    services: { db: server, test: server },
    wanted: 124,
    timeoutMs: 500,
    compose: [undefined],
  },
  {
    of: "i",
    what: "its restart policy is to start it again",
    services: { db: server, test: `${sh("exit 6")}, restart: always` },
    wanted: 6,
    compose: [6],
  },
  {
    of: "j",
    what: "what it needs never gets healthy",
    services: {
      db: `${server}, healthcheck: { test: "false", interval: 0.2s, retries: 1 }`,
      test: `${sh("exit 0")}, depends_on: { j-db: { condition: service_healthy } }`,
    },
    wanted: "COMPOSE_SERVICE_FAILED",
    compose: [1],
  },
];

const compose = `services:\n${cases
  .flatMap(({ of, services }) => Object.entries(services).map(([name, words]) => service(name, of, words)))
  .join("\n")}
${service("test", "k", sh("echo begun; exec sleep 600"))}
`;

let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo(compose);
  ({ lab, repo } = await stack.open(home));
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

test.concurrent.each(cases)("$what", async ({ of, wanted, blamed, timeoutMs, compose }) => {
  const projectName = `${stack.project}-${of}`;
  await using control = startCompose(of, `${projectName}-control`);
  const ended = await composeTest(repo, lab, { projectName, service: `${of}-test`, timeoutMs }).then(
    ({ exitCode, failure }) => ({ end: exitCode, blamed: failure?.details?.service }),
    ({ code }: { code: string }) => ({ end: code }),
  );
  const exitCode = compose.includes(undefined) ? control.exitCode() : await control.ended;
  expect(ended).toEqual({ end: wanted, ...(typeof wanted === "number" && { blamed }) });
  expect(compose).toContain(exitCode ?? undefined);
  expect(await left(projectName)).toEqual(nothing);
});

test("what is interrupted or killed leaves nothing, where compose leaves its containers", async () => {
  await using control = startCompose("k", `${stack.project}-control`);
  const children = createStackChildren(() => ({ root: stack.root, home }));
  onTestFinished(children.killAll);
  const child = children.start("test", "-");
  await says(child, "begun");
  const ending = new AbortController();
  const projectName = `${stack.project}-k`;
  const output = new PassThrough();
  const interrupted = composeTest(repo, lab, {
    ...{ projectName, service: "k-test", signal: ending.signal },
    output: { stdout: output, stderr: output },
  });
  await once(output, "data");
  ending.abort();
  await expect(interrupted).rejects.toMatchObject({ name: "AbortError" });
  expect(await left(projectName)).toEqual(nothing);
  child.kill("SIGKILL");
  await expect.poll(() => left(stack.project), { timeout: 10_000, interval: 200 }).toEqual(nothing);
  await control.untilUp();
  control.kill();
  await control.ended;
  expect((await left(control.project)).containers).toHaveLength(1);
});

test("a stack that was up stays; before it goes, all of it is there to be looked at", async () => {
  const projectName = `${stack.project}-b`;
  await composeUp(repo, lab, { projectName, services: ["b-db"] });
  let seen: readonly string[] = [];
  const { exitCode } = await composeTest(repo, lab, {
    ...{ projectName, service: "b-test" },
    beforeDown: async ({ container }) => {
      seen = (await left(projectName)).containers;
      expect(seen).toContain(`${container} exited`);
    },
  });
  expect([exitCode, seen.length]).toEqual([7, 2]);
  expect((await left(projectName)).containers).toEqual([`${projectName}-b-db-1 running`]);
  await composeDown(repo, lab, { projectName });
});

function startCompose(of: string, project: string) {
  const words = ["compose", "-p", project, "-f", join(stack.root, "compose.yml"), "--profile", of];
  const up = spawn("docker", [...words, "up", "--exit-code-from", `${of}-test`], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, WAIT: "30" },
  });
  up.stdout.resume();
  const ended = once(up, "exit").then(([exitCode]) => exitCode as number | null);
  const line = once(up.stdout, "data");
  return {
    project,
    ended,
    /** Until the tested service has written something. */
    untilUp: () => line,
    kill: () => up.kill("SIGKILL"),
    exitCode: () => up.exitCode,
    [Symbol.asyncDispose]: async () => {
      up.kill("SIGKILL");
      await ended;
      await once(spawn("docker", [...words, "down", "--timeout", "1"], { stdio: "ignore" }), "exit");
    },
  };
}
