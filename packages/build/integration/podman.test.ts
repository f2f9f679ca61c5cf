import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { type BuildEvent, buildImages } from "@otto/build";
import { layBusybox, podman, type Registry, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuildRepo, build, createBuildRepo, parent } from "./local-build.js";
import { type OwnEngine, startOwnEngine } from "./own-engine.js";

const execute = promisify(execFile);
const login = { username: "ada", password: `canary-${randomBytes(12).toString("hex")}` };
let directory: string;
let registry: Registry;
let engine: OwnEngine;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-podman-"));
  registry = await startRegistry(login);
  const file = join(directory, "registries.conf");
  await writeFile(file, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  engine = await startOwnEngine((places) => ["env", `CONTAINERS_REGISTRIES_CONF=${file}`, ...podman(places)]);
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function createShellRepo(steps: string, settings = ""): Promise<BuildRepo> {
  const repo = await createBuildRepo(`network = "host"\n${settings}`);
  await layBusybox(join(repo.root, "context/root"));
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\nCOPY data /\n${steps}`);
  await repo.write("context/data", "some words");
  return repo;
}

test("Podman has no BuildKit", async () => {
  expect(await engine.parent.engine.hasBuildKit()).toBe(false);
});

test("it builds from a tar, tags and labels the image, and skips what is there", async () => {
  await using repo = await createShellRepo(`RUN test "$(cat /data)" = "some words"; echo "says $(cat /data)"\n`);
  const loaded = await repo.load();
  const events: BuildEvent[] = [];
  const { api } = await buildImages(loaded, engine.parent, { onEvent: (event) => void events.push(event) });
  expect(api).toMatchObject({ status: "success", source: "built" });
  const texts = events.filter((event) => event.type === "build.output").map(({ text }) => text);
  expect(texts).toContain("says some words\n");
  const steps = events.filter((event) => event.type === "build.step").map(({ step, state }) => `${state} ${step}`);
  expect(steps).toContainEqual(expect.stringMatching(/^done \[2\/\d\] COPY root \/$/));
  for (const tag of [api?.message ?? "", `${repo.name}-api:latest`]) {
    expect((await engine.parent.engine.inspectImage(tag))?.labels).toMatchObject({ "otto.repo": repo.name });
  }
  expect(await buildImages(loaded, engine.parent)).toMatchObject({ api: { status: "skipped", source: "present" } });
});

test("a failed step is named, with its line, its exit code and its last lines, and nothing is tagged", async () => {
  await using repo = await createShellRepo("RUN for n in $(seq 100); do echo line $n; done; exit 4\n");
  const { api } = await buildImages(await repo.load(), engine.parent);
  expect(api).toMatchObject({
    status: "failed",
    error: {
      code: "ENGINE_BUILD_FAILED",
      details: { exitCode: 4, line: 4, step: expect.stringContaining("RUN for n") },
    },
  });
  expect(api?.message).toContain("line 51\n");
  expect(api?.message).not.toContain("line 50\n");
  expect(await engine.parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
});

test("what it cannot be given is said before anything is sent", async () => {
  await using repo = await createShellRepo("", `secrets = [{ id = "token", env = "TOKEN" }]\n`);
  const { api } = await buildImages(await repo.load(), engine.parent, { env: { TOKEN: "word" } });
  expect(api).toMatchObject({ status: "failed", error: { code: "BUILD_FEATURE_UNSUPPORTED" } });
});

test("it is given a context without its sockets, with a warning, and none that holds a FIFO", async () => {
  await using repo = await createBuildRepo();
  const server = createServer().listen(join(repo.root, "context/agent.sock"));
  await once(server, "listening");
  const warnings: string[] = [];
  const onEvent = (event: BuildEvent) => void (event.type === "build.warning" && warnings.push(event.message));
  const built = await buildImages(await repo.load(), engine.parent, { onEvent });
  server.close();
  expect(built).toMatchObject({ api: { status: "success" } });
  expect(warnings).toEqual([expect.stringContaining('"agent.sock" (socket)')]);
  await execute("mkfifo", [join(repo.root, "context/pipe")]);
  const refused = { status: "failed", error: { code: "CONTEXT_ENTRY_UNSUPPORTED", details: { path: "pipe" } } };
  expect(await buildImages(await repo.load(), engine.parent, { rebuild: true })).toMatchObject({ api: refused });
});

test("it takes a base image with the user's login for that registry, and without it cannot", async () => {
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  await writeFile(join(directory, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const env = { DOCKER_CONFIG: directory };
  await using base = await createBuildRepo(`[docker]\nregistry_url = "${registry.host}"\n`);
  const { message } = (await build(await base.load(), { env, push: true })).result;
  await using repo = await createBuildRepo(`build_args = { BASE = "${message}" }\n`);
  await repo.write("context/Dockerfile", "ARG BASE\nFROM $BASE\nCOPY . /more/\n");
  const loaded = await repo.load();
  expect(await buildImages(loaded, engine.parent)).toMatchObject({ api: { status: "failed" } });
  const told: string[] = [];
  const options = { env, onEvent: (event: BuildEvent) => void told.push(inspect(event, { depth: 20 })) };
  expect(await buildImages(loaded, engine.parent, options)).toMatchObject({ api: { status: "success" } });
  expect(told.join()).not.toContain(login.password);
});
