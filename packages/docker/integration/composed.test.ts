import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ComposedOptions, composeDown, composed, composeUp, type Lab, type Repo } from "@otto/docker";
import { startLab } from "@otto/lab";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createStackRepo, left, nothing, placeStackRepo, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
const compose = `services:
  api: { image: "$IMAGE", init: true }
`;
let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo(compose);
  ({ lab, repo } = await stack.open(home));
});

afterEach(async () => {
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const containers = async () => (await left(stack.project)).containers;

test.each([{ own: false }, { own: true }])("a nested use, %j, leaves the stack to the one around it", async (inner) => {
  await composed(repo, lab, {}, async (outer) => {
    await composed(repo, lab, inner, async ({ hosts }) => {
      expect((await hosts.api?.exec(["true"]))?.exitCode).toBe(0);
    });
    expect(await containers()).toHaveLength(1);
    expect((await outer.hosts.api?.exec(["true"]))?.exitCode).toBe(0);
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("where the default host is not in the lab, an owned use is refused, and another says where it is", async () => {
  await composeUp(repo, lab);
  const composes = repo.docker.composes.map((entry) => ({ ...entry, defaultHost: "pepper" }));
  const wanting = { ...repo, docker: { ...repo.docker, composes } };
  const refusal = { code: "LAB_DEFAULT_HOST_MISSING" };
  await expect(composed(wanting, lab, { own: true })).rejects.toMatchObject(refusal);
  await expect(composeDown(wanting, lab, { volumes: true })).rejects.toMatchObject(refusal);
  const warnings: string[] = [];
  const onEvent: ComposedOptions["onEvent"] = (event) => {
    if (event.type === "compose.warning") warnings.push(event.message);
  };
  await composed(wanting, lab, { onEvent }, async () => {});
  expect(warnings).toEqual(["its default host pepper is not in the lab local: local is used instead"]);
  expect(await containers()).toHaveLength(1);
  expect(await composeDown(wanting, lab, { on: "local" })).toMatchObject({ status: "success" });
});

test("hosts are those of the services that are named, and one that is not declared is refused before anything starts", async () => {
  const wanted = { services: ["api", "wbe"] } as const;
  await expect(composed(repo, lab, wanted)).rejects.toMatchObject({ code: "COMPOSE_UNKNOWN_SERVICE" });
  expect(await left(stack.project)).toEqual(nothing);
  await composed(lab.repo(repo.name), lab, { services: ["api"] }, async ({ hosts }) => {
    expect((await hosts.api.exec(["true"])).exitCode).toBe(0);
  });
});

test("the outer one may go first", async () => {
  const outer = await composed(repo, lab);
  const inner = await composed(repo, lab);
  await outer[Symbol.asyncDispose]();
  expect((await inner.hosts.api?.exec(["true"]))?.exitCode).toBe(0);
  await inner[Symbol.asyncDispose]();
  expect(await left(stack.project)).toEqual(nothing);
});

test("an owned stack goes at the end though it ran before, another stays", async () => {
  await composeUp(repo, lab);
  await composed(repo, lab, {}, async () => {});
  expect(await containers()).toHaveLength(1);
  await composed(repo, lab, { own: true }, async () => {});
  expect(await left(stack.project)).toEqual(nothing);
});

test("a body that throws or is aborted takes the stack down and throws what it threw", async () => {
  const own = new Error("the body's own");
  await expect(composed(repo, lab, {}, () => Promise.reject(own))).rejects.toBe(own);
  expect(await left(stack.project)).toEqual(nothing);
  const controller = new AbortController();
  const aborted = composed(repo, lab, { signal: controller.signal }, async () => {
    controller.abort(own);
    controller.signal.throwIfAborted();
  });
  await expect(aborted).rejects.toBe(own);
  expect(await left(stack.project)).toEqual(nothing);
});

test("a start that is aborted leaves nothing", async () => {
  const controller = new AbortController();
  const onEvent = ({ type }: { type: string }) => {
    if (type === "compose.planned") controller.abort();
  };
  const starting = composed(repo, lab, { signal: controller.signal, onEvent });
  await expect(starting).rejects.toMatchObject({ name: "AbortError" });
  expect(await left(stack.project)).toEqual(nothing);
});

test("what its hosts run in its containers ends before it is taken down", async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const tops = join(running.hosts.parent.homePath, "tops");
  // Its words: -H <address> compose --ansi never --project-name <project> down.
  const docker = await layDocker(
    running.directory,
    `[ "$8" = down ] && docker "$1" "$2" top "$7-api-1" >${tops}; false`,
  );
  await using placed = await placeStackRepo(running, compose, { docker: { command: [docker.path] } });
  await docker.fail(true);
  const initAndService = 2;
  await composed(placed.repo, placed.lab, {}, async ({ hosts, project }) => {
    await hosts.api?.run("true");
    const { stdout } = await execute("docker", ["top", `${project}-api-1`]);
    expect(rowsOf(stdout).length).toBeGreaterThan(initAndService);
  });
  expect(rowsOf(await readFile(tops, "utf8"))).toHaveLength(initAndService);
});

/** What has ended and nobody has collected yet does not count. */
const rowsOf = (table: string) =>
  table
    .trim()
    .split("\n")
    .slice(1)
    .filter((row) => !row.includes("<defunct>"));

test("nothing is started where it cannot be told what runs", async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const docker = await layDocker(running.directory, '[ "$3" = container ]');
  await using placed = await placeStackRepo(running, compose, { docker: { command: [docker.path] } });
  await docker.fail(true);
  await expect(composed(placed.repo, placed.lab)).rejects.toMatchObject({ code: "COMPOSE_ENGINE_FAILED" });
  expect(await left(placed.stack.project)).toEqual(nothing);
  await docker.fail(false);
});

test("a tear-down that fails does not hide what the body threw", async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const docker = await layDocker(running.directory, 'case " $* " in *" down "*) true ;; *) false ;; esac');
  await using placed = await placeStackRepo(running, compose, { docker: { command: [docker.path] } });
  const own = new Error("the body's own");
  const body = async () => {
    await docker.fail(true);
    throw own;
  };
  await expect(composed(placed.repo, placed.lab, {}, body)).rejects.toBe(own);
  await docker.fail(false);
});

/** A docker that fails, while told to, when `condition` holds of its arguments. */
async function layDocker(directory: string, condition: string) {
  const path = join(directory, "docker");
  await writeFile(
    path,
    `#!/bin/sh\nif [ -e "$0.fails" ] && { ${condition}; }; then echo "no answer"; exit 1; fi\nexec docker "$@"\n`,
  );
  await chmod(path, 0o755);
  const fail = (on: boolean) => (on ? writeFile(`${path}.fails`, "") : rm(`${path}.fails`));
  return { path, fail };
}
