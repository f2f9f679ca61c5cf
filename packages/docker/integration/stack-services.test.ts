import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  type ComposeDownOptions,
  type ComposeUpOptions,
  composeDown,
  composed,
  composeUp,
  type DownEvent,
  formatDownStep,
  formatUpStep,
  type Lab,
  planComposeDown,
  planComposeUp,
  type Repo,
} from "@otto/docker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStackRepo, left, nothing, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
const compose = `services:
  web: { image: "$IMAGE", init: true, depends_on: [api], volumes: ["pages:/pages"] }
  api: { image: "$IMAGE", init: true, depends_on: [db], networks: [default, back] }
  db: { image: "$IMAGE", init: true, networks: [back], volumes: ["data:/data"] }
  other: { image: "$IMAGE", init: true, networks: [third], volumes: ["cache:/cache"] }
  debug: { image: "$IMAGE", init: true, profiles: [debug], depends_on: [helper] }
  helper: { image: "$IMAGE", init: true, profiles: [debug] }
networks: { back: {}, third: {} }
volumes: { pages: {}, data: {}, cache: {} }
`;
let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;
let reference: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo(compose);
  ({ lab, repo } = await stack.open(home));
  reference = `${stack.project}-reference`;
});

afterAll(async () => {
  await execute("docker", ["compose", "--project-name", reference, "down", "--volumes", "--timeout", "1"]);
  await composeDown(repo, lab, { volumes: true });
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

function runCompose(words: readonly string[]) {
  const command = ["compose", "--file", "compose.yml", "--project-name", reference];
  return execute("docker", [...command, ...words], { cwd: stack.root });
}

interface Seen {
  /** By name without the project: its id. */
  readonly containers: ReadonlyMap<string, string>;
  readonly others: readonly string[];
}

async function look(project: string): Promise<Seen> {
  const filter = ["--filter", `label=com.docker.compose.project=${project}`];
  const list = async (...words: string[]) => {
    const { stdout } = await execute("docker", [...words, ...filter]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(project, "").slice(1))
      .sort();
  };
  const rows = await list("container", "ls", "--all", "--format", "{{.Names}} {{.State}}\t{{.ID}}");
  const networks = await list("network", "ls", "--format", "{{.Name}} network");
  const volumes = await list("volume", "ls", "--format", "{{.Name}} volume");
  return {
    containers: new Map(rows.map((row) => row.split("\t") as [string, string])),
    others: [...networks, ...volumes],
  };
}

/** What is there, and whether it was there before. */
function describe(now: Seen, before: Seen): string[] {
  const earlier = new Set(before.containers.values());
  const rows = [...now.containers].map(([name, id]) => `${name}${earlier.has(id) ? "" : ", new"}`);
  return [...rows, ...now.others];
}

type Step = readonly [what: string, otto: () => Promise<unknown>, reference: readonly string[]];
const up =
  (options: ComposeUpOptions = {}) =>
  () =>
    composeUp(repo, lab, options);
const down = (options: ComposeDownOptions) => () => composeDown(repo, lab, options);

const steps: readonly Step[] = [
  ["up web brings up what it depends on", up({ services: ["web"] }), ["up", "-d", "web"]],
  ["up then brings up the rest alone", up(), ["up", "-d"]],
  ["up again does nothing", up(), ["up", "-d"]],
  [
    "forceRecreate replaces the named services alone",
    up({ services: ["api"], forceRecreate: true }),
    ["up", "-d", "--force-recreate", "api"],
  ],
  [
    "scale adds containers",
    up({ services: ["other"], scale: { other: 3 } }),
    ["up", "-d", "--scale", "other=3", "other"],
  ],
  ["a stack is as declared after the next up", up(), ["up", "-d"]],
  ["scale 0 removes them", up({ scale: { other: 0 } }), ["up", "-d", "--scale", "other=0"]],
  ["up of a service brings its profile", up({ services: ["debug"] }), ["up", "-d", "debug"]],
  ["up leaves those of a profile", up(), ["up", "-d"]],
  [
    "down of services leaves the rest, and takes networks that nobody is on",
    down({ services: ["web", "other"] }),
    ["down", "web", "other"],
  ],
  ["down of a service that is down does nothing", down({ services: ["web"] }), ["down", "web"]],
  ["noDeps leaves what it depends on", up({ services: ["web"], noDeps: true }), ["up", "-d", "--no-deps", "web"]],
  [
    "pull never starts what is there",
    up({ services: ["other"], pull: "never" }),
    ["up", "-d", "--pull", "never", "other"],
  ],
  ["forceRecreate replaces all", up({ forceRecreate: true }), ["up", "-d", "--force-recreate"]],
  [
    "down with volumes takes those of these services",
    down({ services: ["web"], volumes: true }),
    ["down", "--volumes", "web"],
  ],
];

// One story, told to otto and to docker compose.
test("up and down of services leave what docker compose leaves", async () => {
  let [own, theirs] = await Promise.all([look(stack.project), look(reference)]);
  for (const [what, otto, words] of steps) {
    await Promise.all([otto(), runCompose(words.includes("down") ? [...words, "--timeout", "1"] : words)]);
    const [now, theirNow] = await Promise.all([look(stack.project), look(reference)]);
    expect([what, ...describe(now, own)]).toEqual([what, ...describe(theirNow, theirs)]);
    [own, theirs] = [now, theirNow];
  }
  expect(own.containers.size).toBeGreaterThan(3);
  await runCompose(["--profile", "*", "down", "--volumes", "--timeout", "1"]);
});

test("a plan of services says what is done to them alone, and changes nothing", async () => {
  await composeUp(repo, lab);
  const plan = async (options: ComposeUpOptions) => (await planComposeUp(repo, lab, options)).map(formatUpStep);
  expect(await plan({ services: ["api"], forceRecreate: true })).toEqual([
    "api: recreate (it was asked for)",
    "db: leave (it runs as declared)",
  ]);
  expect(await plan({ services: ["web"], noDeps: true, scale: { web: 2 } })).toEqual([
    "web: create (it has 1 of 2 containers)",
  ]);
  const { project } = stack;
  const before = await look(project);
  const steps = (await planComposeDown(repo, lab, { services: ["other"], volumes: true })).map(formatDownStep);
  expect(steps).toEqual([
    `remove the container ${project}-other-1`,
    `remove the network ${project}_third`,
    `remove the volume ${project}_cache`,
  ]);
  const removed: string[] = [];
  const onEvent = (event: DownEvent) => {
    if (event.type === "compose.resource" && event.state === "removed") removed.push(`${event.resource} ${event.name}`);
  };
  await composeDown(repo, lab, { services: ["other"], volumes: true, onEvent });
  expect(removed).toEqual([`volume ${project}_cache`]);
  const after = await look(project);
  const gone = [...before.containers.keys(), ...before.others].filter(
    (name) => ![...after.containers.keys(), ...after.others].includes(name),
  );
  expect(gone).toEqual(["other-1 running", "third network", "cache volume"]);
});

test("a plan of down names the images that go", async () => {
  await composeUp(repo, lab);
  const filter = `label=com.docker.compose.project=${stack.project}`;
  const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", "{{.Image}}"]);
  const images = async (rmi?: "all" | "local") =>
    (await planComposeDown(repo, lab, { rmi })).flatMap(({ kind, name }) => (kind === "image" ? [name] : []));
  expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(await images("all")));
  expect([await images(), await images("local")]).toEqual([[], []]);
});

test("a service that is not declared, or that the settings leave out, is refused with those there are", async () => {
  const refusal = { code: "COMPOSE_UNKNOWN_SERVICE" };
  await expect(composeUp(repo, lab, { services: ["wbe"] })).rejects.toMatchObject({
    ...refusal,
    hint: 'Did you mean "web"? Its services: web, api, db, other, debug, helper.',
  });
  await expect(composeUp(repo, lab, { scale: { nosuch: 2 } })).rejects.toMatchObject(refusal);
  await expect(composeDown(repo, lab, { services: ["nosuch"] })).rejects.toMatchObject(refusal);
  const composes = repo.docker.composes.map((entry) => ({ ...entry, services: ["db"] }));
  const choosy = { ...repo, docker: { ...repo.docker, composes } };
  await expect(composeUp(choosy, lab, { services: ["web"] })).rejects.toMatchObject(refusal);
});

test("a stack that was brought up in part is whole for who holds it, and stays for who brought it up", async () => {
  await composeDown(repo, lab);
  await composed(repo, lab, {}, async ({ hosts }) => {
    await composeDown(repo, lab, { services: ["web"] });
    expect((await hosts.api?.exec(["true"]))?.exitCode).toBe(0);
  });
  expect(await left(stack.project)).toEqual(nothing);
  await composeUp(repo, lab, { services: ["db"] });
  await composed(repo, lab, { services: ["web"] }, async ({ hosts }) => {
    expect((await hosts.web.exec(["true"])).exitCode).toBe(0);
  });
  expect((await left(stack.project)).containers).toContain(`${stack.project}-db-1 running`);
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await left(stack.project)).toEqual(nothing);
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped" });
});

test("images go with the stack that they were built for, where that is wanted", async () => {
  const build = `build: { context: ., dockerfile_inline: "FROM ${stack.image}" }, init: true`;
  const named = `${stack.image.split(":")[0]}:named`;
  const services = `{ made: { ${build} }, named: { image: "${named}", ${build} }, taken: { image: "$IMAGE", init: true } }`;
  await stack.write("compose.yml", `services: ${services}\n`);
  const images = async () => {
    const { stdout } = await execute("docker", ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
    const names = stdout.split("\n").map((name) => name.replace(reference, "P").replace(stack.project, "P"));
    return ["P-made:latest", named, stack.image].filter((name) => names.includes(name));
  };
  for (const [rmi, kept] of [
    ["local", [stack.image]],
    ["all", []],
  ] as const) {
    await composeUp(repo, lab);
    expect(await images()).toEqual(["P-made:latest", named, stack.image]);
    await composeDown(repo, lab, { rmi });
    expect([rmi, await images()]).toEqual([rmi, kept]);
  }
  await expect(composeDown(repo, lab, { services: ["made"], rmi: "all" })).rejects.toThrow(TypeError);
});
