import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { composed, openLab } from "@otto/docker";
import { labJson, podman, type Registry, startEngine, startLab, startRegistry, type TestEngine } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lineOf, type Place, runJson, runOtto, startOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const table = resolve(import.meta.dirname, "../../../tooling/docs/podman.json");
const rows = JSON.parse(await readFile(table, "utf8")) as { verb: string; works: "yes" | "partly" | "no" }[];

let directory: string;
let registry: Registry;
let engine: TestEngine;
let repo: TestRepo;
let place: Place;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-podman-"));
  registry = await startRegistry();
  const registries = join(directory, "registries.conf");
  await writeFile(registries, `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`);
  engine = await startEngine((places) => {
    // The stack's events are waited for, as on a machine where Podman is as it comes.
    const program = podman(places).map((word) => (word === "none" ? "file" : word));
    return ["env", `CONTAINERS_REGISTRIES_CONF=${registries}`, ...program];
  });
  repo = await createTestRepo({ DOCKER_HOST: engine.address });
  place = repo.place;
  await repo.write(".otto/settings.toml", settings(repo.name, `[docker]\nregistry_url = "${registry.host}"\n`));
});
afterAll(async () => {
  await otto("docker", "down", "--volumes");
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await repo[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const otto = (...argv: string[]) => runOtto(place, argv);
const docker = async (...argv: string[]) =>
  (await execute("docker", ["--host", engine.address, ...argv])).stdout.trim();
const containers = async () =>
  (await docker("ps", "--all", "--quiet", "--no-trunc")).split("\n").filter(Boolean).sort();
const api = () => `local.${repo.name}.api`;

async function writeCompose(line: string): Promise<void> {
  const image = `${registry.host}/${repo.name}-api:latest`;
  const services = {
    api: { image, init: true, command: ["sh", "-c", line], volumes: ["./marker:/mounted/marker:ro", "data:/data"] },
    web: { image, init: true, depends_on: ["api"], ports: ["80"] },
  };
  await repo.write("docker/compose.yml", JSON.stringify({ services, volumes: { data: {} } }));
}

/** Each runs on what those before it have left. */
const checks: Readonly<Record<string, () => Promise<void>>> = {
  build: async () => {
    const built = await otto("docker", "build");
    expect([built.exitCode, built.stdout]).toEqual([0, expect.stringMatching(/^api {2}built on local → /)]);
    expect((await otto("docker", "build")).stdout).toMatch(/^api {2}cached on local → /);
    const more = `[docker]\nregistry_url = "${registry.host}"\n`;
    const secret = settings(repo.name).replace("context =", `secrets = [{ id = "t", env = "HOME" }]\ncontext =`);
    await repo.write(".otto/settings.toml", `${secret}${more}`);
    const { exitCode, lines } = await runJson(place, ["docker", "build"]);
    expect(exitCode).toBe(1);
    expect(JSON.stringify(lines)).toContain("BUILD_FEATURE_UNSUPPORTED");
    await repo.write(".otto/settings.toml", settings(repo.name, more));
  },
  push: async () => {
    const { exitCode, stdout } = await otto("docker", "build", "--push");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(registry.host)]);
    expect(await registry.requests()).toContain(`PUT /v2/${repo.name}-api/manifests/latest 201`);
  },
  pull: async () => {
    const images = (await docker("images", "--quiet")).split("\n");
    await docker("image", "rm", "--force", ...new Set(images));
    expect(await docker("images", "--quiet")).toBe("");
    const { lines } = await runJson(place, ["docker", "build"]);
    expect(lines.map(({ type }) => type)).not.toContain("build.started");
    // What the registry has not is no failure.
    await repo.write("docker/marker", "other\n");
    const missed = await runJson(place, ["docker", "build"]);
    expect(missed.lines.filter(({ type }) => type === "build.warning")).toEqual([]);
    await repo.write("docker/marker", "first\n");
    expect(JSON.stringify(lines)).toContain('"source":"pulled"');
  },
  "failed up": async () => {
    await writeCompose("echo cause; exit 3");
    const { exitCode, lines } = await runJson(place, ["docker", "up"]);
    const error = { type: "error", code: "COMPOSE_SERVICE_FAILED", details: { service: "api", logs: "cause" } };
    expect([exitCode, lines.find(({ type }) => type === "error")]).toMatchObject([1, error]);
    expect(await containers()).toEqual([]);
  },
  up: async () => {
    await writeCompose('echo "says $$(cat /etc/marker)"; nc -ll -p 80 -e cat & exec sleep infinity');
    const up = await otto("docker", "up");
    expect([up.exitCode, up.stdout]).toEqual([0, expect.stringContaining(`${api()}  running`)]);
    expect(await containers()).toHaveLength(2);
  },
  "second up": async () => {
    const before = await containers();
    const again = await otto("docker", "up");
    expect([again.exitCode, await containers()]).toEqual([0, before]);
    await repo.write("docker/marker", "second\n");
    expect((await otto("docker", "up")).exitCode).toBe(0);
    expect((await otto("host", api(), "exec", "cat", "/mounted/marker")).stdout).toBe("second\n");
    expect(await containers()).not.toEqual(before);
  },
  ps: async () => {
    const { lines } = await runJson(place, ["docker", "ps", "--all-stacks"]);
    const found = lines
      .filter(({ type }) => type === "container")
      .map(({ Names, State }) => `${String(Names)} ${String(State)}`);
    expect(found.sort()).toEqual([`${repo.project}-api-1 running`, `${repo.project}-web-1 running`]);
  },
  logs: async () => {
    const { exitCode, stdout } = await otto("docker", "logs", "api");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("says second\n")]);
  },
  exec: async () => {
    expect(await otto("host", api(), "exec", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await otto("host", api(), "exec", "/nope")).toMatchObject({ exitCode: 255 });
  },
  run: async () => {
    expect(await otto("host", api(), "run", "echo out; (exit 125)")).toMatchObject({ exitCode: 125, stdout: "out\n" });
  },
  put: async () => {
    await repo.write("tree/sub/file", "content\n");
    expect(await otto("host", api(), "put", "tree", "/data/")).toMatchObject({ exitCode: 0 });
    expect((await otto("host", api(), "exec", "cat", "/data/tree/sub/file")).stdout).toBe("content\n");
  },
  get: async () => {
    expect(await otto("host", api(), "get", "/data/tree", "back")).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(repo.root, "back/sub/file"), "utf8")).toBe("content\n");
    expect((await otto("host", api(), "get", "/absent", "gone")).exitCode).toBe(1);
  },
  forward: async () => {
    const child = startOtto(place, ["host", api(), "forward", ":80", "--json"]);
    const { port } = JSON.parse(await lineOf(child.stdout, (line) => line.includes("forward"))) as { port: number };
    const socket = connect(port, "127.0.0.1");
    socket.end("hello");
    expect(await text(socket)).toBe("hello");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([130, null]);
  },
  login: async () => {
    await using terminal = await TestTerminal.open(place, ["host", api(), "login"]);
    await terminal.sees(/[#$] /);
    terminal.type('echo in""side; exit 9\r');
    await terminal.sees("inside");
    expect(await terminal.finished()).toMatchObject({ exitCode: 9 });
  },
  composed: async () => {
    await using lab = await openLab({
      cwd: repo.root,
      env: { ...process.env, ...place.env },
      home: join(repo.root, "home"),
    });
    const [found] = lab.repos;
    if (found === undefined) throw new Error("the repo is found");
    const options = { projectName: `${repo.project}-own` };
    await composed(found, lab, options, async ({ hosts }) => {
      expect(await hosts.api?.exec(["true"])).toMatchObject({ exitCode: 0 });
      expect(await containers()).toHaveLength(4);
    });
    expect(await containers()).toHaveLength(2);
  },
  doctor: async () => {
    const { exitCode, stdout } = await otto("doctor", "local");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/engine +ok +Podman Engine \d+\.\d+\.\d+, API/)]);
  },
  down: async () => {
    expect(await otto("docker", "down", "--volumes")).toMatchObject({ exitCode: 0 });
    expect(await containers()).toEqual([]);
    expect(await docker("volume", "ls", "--quiet")).not.toContain(`${repo.project}_data`);
    expect((await otto("docker", "down")).exitCode).toBe(0);
  },
};

test("each row of the table is tried, and nothing else", () => {
  expect(rows.map(({ verb }) => verb).sort()).toEqual(Object.keys(checks).sort());
});

test.each(Object.entries(checks))("with Podman as the engine: %s", async (_verb, check) => {
  await expect(check()).resolves.toBeUndefined();
});

test("Podman's own client is none for stacks: the doctor and up say what to set, and it is no other engine", async () => {
  await using lab = await startLab({ hosts: { parent: {} } });
  const { hosts, ...rest } = labJson(lab, "veg");
  const docker = { command: ["podman"], socket: engine.socketPath };
  await repo.write("lab.json", JSON.stringify({ ...rest, hosts: hosts.map((host) => ({ ...host, docker })) }));
  const over = { cwd: place.cwd, env: { ...place.env, OTTO_LAB: "veg" } };
  const [built, up, doctor] = await Promise.all([
    runJson(over, ["docker", "build"]),
    runJson(over, ["docker", "up"]),
    runJson(over, ["doctor", "parent"]),
  ]);
  expect(built.exitCode).toBe(0);
  const hint = expect.stringContaining("docker.command");
  expect([up.exitCode, up.lines.at(-2)]).toMatchObject([
    1,
    { type: "error", code: expect.stringMatching(/^COMPOSE_/), hint },
  ]);
  expect(doctor.lines).toContainEqual(expect.objectContaining({ code: "DOCTOR_CLIENT_ELSEWHERE", hint }));
});
