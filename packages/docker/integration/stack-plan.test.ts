import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composeUp,
  formatUpStep,
  type Lab,
  openLab,
  planComposeUp,
  type Repo,
  type UpPreview,
  type UpStep,
} from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDemoRepo } from "./demo-repo.js";
import { createStackRepo, left, nothing, recordEvents, type StackRepo, untilEnded } from "./stack-lab.js";

const execute = promisify(execFile);
const compose = `services:
  api: { image: "$IMAGE", init: true, env_file: api.env, volumes: ["./one.txt:/one:ro", "./data:/data"] }
  seed: { image: "$IMAGE", command: ["true"] }
  side: { image: "$IMAGE", init: true, network_mode: "service:web" }
  web: { image: "$IMAGE", init: true, depends_on: { seed: { condition: service_completed_successfully } } }
`;
let stack: StackRepo;
let lab: Lab;
let repo: Repo;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo(compose);
  await stack.write("api.env", "COLOUR=red\n");
  await stack.write("one.txt", "1\n");
  await stack.write("data/kept.txt", "kept\n");
  await stack.write("data/gone.txt", "gone\n");
  ({ lab, repo } = await stack.open(home));
});

afterEach(async () => {
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const api = async (command: string) => {
  const result = await (await composeUp(repo, lab)).api?.exec(command);
  return result?.stdout.toString();
};

test("an unchanged stack is not touched, its finished one-shot neither", async () => {
  await composeUp(repo, lab);
  const events = await recordEvents(stack.project, async () => {
    await composeUp(repo, lab);
    await planComposeUp(repo, lab);
  });
  expect(events).toEqual([]);
});

const sideToo = "side: recreate (it shares namespaces with web, which starts anew), after web";
const edits: [string, () => Promise<unknown>, string[]][] = [
  ["nothing", async () => {}, []],
  ["an env_file", () => stack.write("api.env", "COLOUR=blue\n"), ["api: recreate (its settings changed)"]],
  ["a mounted file", () => stack.write("one.txt", "2\n"), ["api: recreate (a file that it mounts changed)"]],
  ["a file in a mounted directory", () => stack.write("data/kept.txt", "new\n"), []],
  [
    "the compose file",
    () => stack.write("compose.yml", compose.replace("web: {", 'web: { environment: ["X=1"],')),
    ["web: recreate (its settings changed)", sideToo],
  ],
  [
    "a service less, one more",
    () => stack.write("compose.yml", compose.replace("api:", "front:")),
    ["api: remove (it is no longer declared)", "front: create (it has no container)"],
  ],
  [
    "a service stopped by hand",
    async () => {
      await execute("docker", ["kill", `${stack.project}-web-1`]);
      await untilEnded(`${stack.project}-web-1`);
    },
    ["web: start (its container exited with 137)", sideToo],
  ],
  [
    "a service removed by hand",
    () => execute("docker", ["rm", "-f", `${stack.project}-web-1`]),
    ["web: create (it has no container)", sideToo],
  ],
  [
    "a service paused by hand",
    () => execute("docker", ["pause", `${stack.project}-web-1`]),
    ["web: unpause (its container is paused)"],
  ],
];

test.each(edits)("after a change of %s the plan says what up then does", async (_, edit, expected) => {
  await composeUp(repo, lab);
  await edit();
  let plan: UpPreview = [];
  const planning = await recordEvents(stack.project, async () => {
    plan = await planComposeUp(repo, lab);
  });
  expect(planning).toEqual([]);
  const changes = plan.filter((step) => step.do !== "leave");
  expect(changes.map(formatUpStep)).toEqual(expected);
  let done: readonly UpStep[] = [];
  const onEvent = (event: { type: string; steps?: readonly UpStep[] }) => {
    if (event.type === "compose.planned") done = event.steps ?? [];
  };
  const events = await recordEvents(stack.project, () => composeUp(repo, lab, { onEvent }));
  expect(done).toEqual(plan);
  const touched = new Set(events.map((line) => line.split(" ")[0]));
  expect([...touched].sort()).toEqual(changes.map(({ service }) => service ?? "").sort());
  expect((await planComposeUp(repo, lab)).filter((step) => step.do !== "leave")).toEqual([]);
});

test("a service whose image will be built, or taken back, is recreated by the plan and by up", async () => {
  await using demo = await createDemoRepo();
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined };
  const own = await openLab({ cwd: demo.root, env, home, lab: undefined });
  const [ours] = own.repos;
  if (ours === undefined) throw new Error("the lab has the repo");
  const planned = async () => (await planComposeUp(ours, own)).map(formatUpStep);
  const up = async () => {
    const steps: UpStep[] = [];
    await composeUp(ours, own, { onEvent: (event) => event.type === "compose.planned" && steps.push(...event.steps) });
    return steps.map(({ service, do: action }) => `${service} ${action}`);
  };
  try {
    expect(await up()).toEqual(["api create", "web create"]);
    await demo.write("docker/marker", "second\n");
    const cause = "recreate (its image will be built)";
    expect(await planned()).toEqual([`api: ${cause}`, `web: ${cause}, after api`]);
    expect(await planComposeUp(ours, own, { build: false })).toMatchObject([{ do: "leave" }, { do: "leave" }]);
    expect(await up()).toEqual(["api recreate", "web recreate"]);
    expect(await planComposeUp(ours, own)).toMatchObject([{ do: "leave" }, { do: "leave" }]);
    await demo.write("docker/marker", "first\n");
    expect(await planned()).toEqual([
      "api: recreate (its image was rebuilt)",
      "web: recreate (its image was rebuilt), after api",
    ]);
    expect(await up()).toEqual(["api recreate", "web recreate"]);
  } finally {
    await composeDown(ours, own);
    await own[Symbol.asyncDispose]();
  }
});

test("a network whose settings change is replaced, as by Compose from 2.32 on, unless others are on it", async () => {
  const declare = (front: string) =>
    stack.write(
      "compose.yml",
      `services:
  a: { image: "$IMAGE", init: true, networks: [front] }
  b: { image: "$IMAGE", init: true }
networks: { front: ${front} }
`,
    );
  const network = `${stack.project}_front`;
  const isInternal = async () =>
    (await execute("docker", ["network", "inspect", "--format", "{{.Internal}}", network])).stdout.trim();
  const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
  const left = ["a", "b"].map((name) => `${name}: leave (it runs as declared)`);
  const changed = "recreate (its settings changed)";
  const other = `${stack.project}-other`;
  await declare("{}");
  await composeUp(repo, lab);
  await declare("{ internal: true }");
  expect(await plan()).toEqual([`network front: ${changed}`, `a: ${changed}`, left[1]]);
  const done = await recordEvents(stack.project, () => composeUp(repo, lab));
  expect(new Set(done.map((line) => line.split(" ")[0]))).toEqual(new Set(["a"]));
  expect(await isInternal()).toBe("true");
  expect(await plan()).toEqual(left);
  await execute("docker", ["run", "--detach", "--init", "--name", other, "--network", network, stack.image]);
  try {
    await declare("{}");
    const message = expect.stringContaining(`${network} changed, and others are on it: ${other}`);
    const events = await recordEvents(stack.project, () =>
      expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "COMPOSE_UP_FAILED", message }),
    );
    expect(events).toEqual([]);
  } finally {
    await execute("docker", ["rm", "--force", other]);
  }
  await composeUp(repo, lab);
  expect([await isInternal(), await plan()]).toEqual(["false", left]);
});

test("a network that is not the stack's own is not removed when the stack's is given its name", async () => {
  const declare = (front: string) =>
    stack.write(
      "compose.yml",
      `services: { a: { image: "$IMAGE", init: true, networks: [front] } }\nnetworks: { front: ${front} }\n`,
    );
  const docker = async (...argv: string[]) => (await execute("docker", argv)).stdout.trim();
  const foreign = `${stack.project}-foreign`;
  await declare("{}");
  await composeUp(repo, lab);
  const id = await docker("network", "create", foreign);
  try {
    await declare(`{ name: ${foreign} }`);
    const events = await recordEvents(stack.project, () =>
      expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "COMPOSE_UP_FAILED" }),
    );
    expect(events).toEqual([]);
    expect(await docker("network", "inspect", "--format", "{{.Id}}", foreign)).toBe(id);
  } finally {
    await docker("network", "rm", foreign);
  }
});

test("a build that fails leaves the network that would be replaced, and its containers run", async () => {
  const declare = async (front: string, line: string) => {
    await stack.write("context/Dockerfile", `FROM ${stack.image}\n${line}\n`);
    await stack.write(
      "compose.yml",
      `services: { a: { build: context, init: true, networks: [front] } }\nnetworks: { front: ${front} }\n`,
    );
  };
  await declare("{}", "LABEL a=b");
  await composeUp(repo, lab);
  await declare("{ internal: true }", "COPY nothing /");
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual([
    "a: build (its build context changed)",
    "network front: recreate (its settings changed)",
    "a: recreate (its settings changed)",
  ]);
  const events = await recordEvents(stack.project, () =>
    expect(composeUp(repo, lab)).rejects.toMatchObject({
      code: "COMPOSE_UP_FAILED",
      message: expect.stringContaining("nothing") as string,
    }),
  );
  expect(events).toEqual([]);
  await declare("{ internal: true }", "LABEL a=c");
  await composeUp(repo, lab);
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual(["a: leave (it runs as declared)"]);
});

test("only what changed is sent; containers see it, and what they wrote stays", async () => {
  const sent: number[] = [];
  const onEvent = (event: { type: string; files?: number }) => {
    if (event.type === "compose.staged") sent.push(event.files ?? -1);
  };
  const { api: host } = await composeUp(repo, lab, { onEvent });
  await host?.exec("mkdir /data/own; echo written > /data/own/file; chown -R 1234 /data/own");
  await stack.write("data/kept.txt", "changed\n");
  await rm(join(stack.root, "data/gone.txt"));
  await composeUp(repo, lab, { onEvent });
  await composeUp(repo, lab, { onEvent });
  expect(sent.slice(1)).toEqual([1, 0]);
  expect(await api("cat /data/kept.txt /data/own/file; ls /data")).toBe("changed\nwritten\nkept.txt\nown\n");
  await stack.write("one.txt", "2\n");
  expect(await api("cat /one /data/own/file")).toBe("2\nwritten\n");
});

test("the staged tree is the login's alone, and down removes it", async () => {
  await composeUp(repo, lab);
  const tree = join(process.env.HOME ?? "", ".cache/otto/stacks", stack.project);
  expect((await stat(tree)).mode & 0o777).toBe(0o700);
  expect((await stat(join(tree, ".otto/manifest"))).mode & 0o777).toBe(0o600);
  expect(await readFile(join(tree, ".otto/manifest"), "utf8")).not.toContain(stack.root);
  await composeDown(repo, lab);
  await expect(stat(tree)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await left(stack.project)).toEqual(nothing);
});
