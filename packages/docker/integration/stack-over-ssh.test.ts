import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  buildImages,
  composeDown,
  composed,
  composePs,
  composeUp,
  contextHash,
  declareStacks,
  getContainerHost,
  getUserComposeProject,
  imageFullTag,
  imageLatestTag,
  type Lab,
  openLab,
  type Parent,
  type Repo,
} from "@otto/docker";
import { labJson, type Lab as RunningLab, startLab, usualServer } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createDemoRepo, type DemoRepo } from "./demo-repo.js";

const execute = promisify(execFile);
let running: RunningLab<"bastion" | "parent">;
let demo: DemoRepo;
let lab: Lab;
let repo: Repo;
let parent: Parent;
let stagingRoot: string;

/** The lab of the hosts, whose file lies in the repo and is trusted. */
function openDemoLab(): Promise<Lab> {
  const env = { OTTO_COMPOSE_SUFFIX: "ci" };
  return openLab({ cwd: demo.root, env, home: running.directory, lab: "lab", trusted: [demo.root] });
}

beforeAll(async () => {
  running = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

beforeEach(async () => {
  demo = await createDemoRepo(running);
  lab = await openDemoLab();
  repo = lab.repos[0] as Repo;
  parent = lab.parentFor(repo);
  const home = (await parent.exec("echo $HOME")).stdout.toString().trim();
  stagingRoot = join(home, ".cache/otto/stacks", project());
});

afterEach(async () => {
  await composeDown(repo, lab);
  await lab[Symbol.asyncDispose]();
  await removeImages(demo.name);
  await demo[Symbol.asyncDispose]();
});

const project = () => getUserComposeProject(demo.name, "ci");

async function removeImages(name: string): Promise<void> {
  const { stdout } = await execute("docker", ["image", "ls", "--quiet", "--filter", `label=otto.repo=${name}`]);
  const ids = [...new Set(stdout.split("\n").filter((id) => id !== ""))];
  if (ids.length > 0) await execute("docker", ["image", "rm", "--force", ...ids]);
}

async function named(kind: "container" | "network"): Promise<string[]> {
  const all = kind === "container" ? ["--all"] : [];
  const { stdout } = await execute("docker", [
    kind,
    "ls",
    ...all,
    "--quiet",
    "--filter",
    `label=com.docker.compose.project=${project()}`,
  ]);
  return stdout.split("\n").filter((id) => id !== "");
}

test("an image is built once and skipped after, with both tags and its hash as a label", async () => {
  const [image] = repo.docker.images;
  if (image === undefined) throw new Error("the demo declares an image");
  const hash = await contextHash(image);
  const tag = imageFullTag("", demo.name, image, hash);
  expect(await buildImages(repo, parent)).toMatchObject({ api: { status: "success", message: tag } });
  expect(await buildImages(repo, parent)).toMatchObject({ api: { status: "skipped", message: tag } });
  const latest = await parent.engine.inspectImage(imageLatestTag("", demo.name, image));
  expect(latest).toMatchObject({ tags: expect.arrayContaining([tag]), labels: { "otto.context-hash": hash } });
});

test("an edit gives another tag, and :latest follows", async () => {
  const first = (await buildImages(repo, parent)).api;
  await demo.write("docker/marker", "second\n");
  const second = (await buildImages(repo, parent)).api;
  expect(second).toMatchObject({ status: "success" });
  expect(second?.message).not.toBe(first?.message);
  expect((await parent.engine.inspectImage(`${demo.name}-api:latest`))?.tags).toContain(second?.message);
});

test("a foreign image under our tag is rebuilt", async () => {
  const tag = (await buildImages(repo, parent)).api?.message ?? "";
  await execute("docker", ["image", "rm", "--force", tag]);
  const { stdout } = await execute("sh", ["-c", `echo | tar -cf - -T /dev/null | docker import - ${tag}`]);
  expect(await buildImages(repo, parent)).toMatchObject({ api: { status: "success", message: tag } });
  await execute("docker", ["image", "rm", stdout.trim()]);
});

test("a step that fails is the result of its image, with its output, and nothing is tagged", async () => {
  await demo.write("docker/Dockerfile", "FROM scratch\nCOPY root /\nRUN echo words of the step; exit 4\n");
  expect(await buildImages(repo, parent)).toMatchObject({
    api: {
      status: "failed",
      message: expect.stringContaining("words of the step"),
      error: { code: "ENGINE_BUILD_FAILED" },
    },
  });
  expect(await parent.engine.inspectImage(`${demo.name}-api:latest`)).toBeUndefined();
});

test("a stack comes up with its files, runs commands and goes without a trace", async () => {
  await declareStacks(lab);
  expect(lab.hosts.list().map(({ id, state }) => [id, state])).toEqual([
    [`parent.${demo.name}.api`, "placeholder"],
    [`parent.${demo.name}.web`, "placeholder"],
  ]);
  const hosts = await composeUp(repo, lab);
  expect(Object.keys(hosts).sort()).toEqual(["api", "web"]);
  const host = getContainerHost(`parent.${demo.name}.api`, lab);
  expect((await host.exec("cat /etc/marker; echo $COLOUR")).stdout.toString()).toBe("first\nred\n");
  await host.run("cd /etc");
  expect((await host.run("pwd")).stdout.toString()).toBe("/etc\n");
  const rows = (await composePs(parent)).filter(({ Image }) => Image.startsWith(demo.name));
  expect(rows.map(({ State }) => State)).toEqual(["running", "running"]);
  expect(await named("container")).toHaveLength(2);
  await access(stagingRoot);

  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect([await named("container"), await named("network")]).toEqual([[], []]);
  await expect(access(stagingRoot)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await composeDown(repo, lab)).toMatchObject({ status: "skipped" });
});

test("a second up leaves the containers of an unchanged stack as they are, and replaces those of a rebuilt image", async () => {
  await composeUp(repo, lab);
  const first = (await named("container")).sort();
  await composeUp(repo, lab);
  expect((await named("container")).sort()).toEqual(first);
  await demo.write("docker/marker", "second\n");
  const { api } = await composeUp(repo, lab);
  expect((await api?.exec(["cat", "/etc/marker"]))?.stdout.toString()).toBe("second\n");
});

test("everything goes through one connection to each host", async () => {
  // Where a connection has one session, or the engine needs one, there are more.
  await using usual = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", ...usualServer } } });
  await demo.write("lab/lab.json", JSON.stringify(labJson(usual)));
  await using own = await openDemoLab();
  const hosts = await composeUp(repo, own);
  await Promise.all(Object.values(hosts).map((host) => host.exec(["true"])));
  await composeDown(repo, own);
  const { bastion, parent } = usual.hosts;
  expect([await bastion.handshakes(), await parent.handshakes()]).toEqual([1, 1]);
});

test("a composed stack is there inside its scope and gone after it, even when the body fails", async () => {
  const body = async () => {
    await using stack = await composed(repo, lab);
    expect((await stack.hosts.api?.exec(["true"]))?.exitCode).toBe(0);
    throw new Error("the body's own");
  };
  await expect(body()).rejects.toThrow("the body's own");
  expect(await named("container")).toEqual([]);
});

test("a composed stack that ran before stays", async () => {
  await composeUp(repo, lab);
  await composed(repo, lab, {}, async () => {});
  expect(await named("container")).toHaveLength(2);
});

test("a service that crashes is an error with its last words, and what was started is taken down", async () => {
  await demo.write(
    "docker/compose.yml",
    `services: { api: { image: "${demo.name}-api:latest", command: ["sh", "-c", "echo last words; exit 3"] } }\n`,
  );
  await expect(composeUp(repo, lab)).rejects.toMatchObject({
    code: "COMPOSE_SERVICE_FAILED",
    message: expect.stringContaining("last words"),
  });
  expect(await named("container")).toEqual([]);
});

test("a failed build stops before anything starts", async () => {
  await demo.write("docker/Dockerfile", "FROM scratch\nCOPY absent /\n");
  await expect(composeUp(repo, lab)).rejects.toMatchObject({
    code: "BUILD_FAILED",
    details: { causeCode: "ENGINE_BUILD_FAILED" },
  });
  expect(await named("container")).toEqual([]);
});

test("a compose file that compose refuses is an error with what it said", async () => {
  await demo.write("docker/compose.yml", `services: { api: { image: "${demo.name}-api:latest", no_such_key: 1 } }\n`);
  await expect(composeUp(repo, lab)).rejects.toMatchObject({
    code: "COMPOSE_UP_FAILED",
    message: expect.stringContaining("no_such_key"),
  });
  expect(await named("container")).toEqual([]);
});
