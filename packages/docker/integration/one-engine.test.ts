import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeDown, composed, composePs, composeUp, type Lab, openLab, type Repo } from "@otto/docker";
import { diagnose } from "@otto/doctor";
import {
  engineSocketPath,
  type HostOptions,
  type LabOptions,
  type Lab as RunningLab,
  startEngine,
  startLab,
  type TestEngine,
  usualServer,
} from "@otto/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createStackRepo, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
const first = `unix://${engineSocketPath()}`;
const open: AsyncDisposable[] = [];
let second: TestEngine;

beforeAll(async () => {
  second = await startEngine();
});

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

afterAll(() => second[Symbol.asyncDispose]());

const keep = <T extends AsyncDisposable>(made: T): T => {
  open.push(made);
  return made;
};

const compose = `services:
  a:
    image: "$APP"
    init: true
    network_mode: none
    command: ["sh", "-c", "echo said; exec sleep 600"]
    healthcheck: { test: "true", interval: 1s }
`;

/** What is on an engine of a project. */
async function containersOn(address: string, project: string): Promise<string[]> {
  const { stdout } = await docker(address, "ps", "--all", "--filter", `label=com.docker.compose.project=${project}`);
  return stdout.trim().split("\n").slice(1);
}

function docker(address: string, ...words: readonly string[]) {
  return execute("docker", ["-H", address, ...words]);
}

/** Records what changes on an engine until it is asked; the times are the engine's. */
async function watch(address: string): Promise<() => Promise<string[]>> {
  const now = async () => (await docker(address, "info", "--format", "{{.SystemTime}}")).stdout.trim();
  const since = await now();
  return async () => {
    const { stdout } = await docker(address, "events", "--since", since, "--until", await now());
    return stdout.split("\n").filter((line) => line !== "");
  };
}

/** A stack with an image of its own, which both engines could build. */
async function createRepo(running?: RunningLab, hostDocker: object = {}): Promise<StackRepo> {
  const stack = keep(await createStackRepo(compose, running, hostDocker));
  await execute("sh", ["-c", 'docker save "$1" | docker -H "$2" load', "sh", stack.image, second.address]);
  const name = stack.image.split(":")[0];
  await stack.write("compose.yml", compose.replace("$APP", `${name}-app`));
  await stack.write("Dockerfile", `FROM $IMAGE\nLABEL made.by=${name}\n`);
  const source = running === undefined ? "" : '[[lab.sources]]\nbackend = "json"\npaths = ["lab"]\n';
  const image = '[[docker.images]]\nname = "app"\ncontext = "."\ndockerfile = "Dockerfile"\n';
  const settings = `name = "${name}"\nversion = "1"\n${source}${image}[[docker.composes]]\npath = "compose.yml"\n`;
  await stack.write(".otto/settings.toml", settings);
  return stack;
}

interface Placed {
  readonly stack: StackRepo;
  readonly lab: Lab;
  readonly repo: Repo;
}

/** Does all that touches an engine, and checks that `used` alone was touched. */
async function useStack({ stack, lab, repo }: Placed, used: string, other: string): Promise<void> {
  const { project } = stack;
  const changes = await watch(other);
  const parent = lab.parentFor(repo);
  const { a } = await composeUp(repo, lab);
  expect(await containersOn(used, project)).toHaveLength(1);
  expect((await composePs(parent)).map(({ Names }) => Names)).toContain(`${project}-a-1`);
  expect(await a?.exec(["echo", "hello"])).toMatchObject({ exitCode: 0, stdout: Buffer.from("hello\n") });
  const lines: string[] = [];
  for await (const { text } of a?.logs() ?? []) lines.push(text.toString());
  expect(lines).toEqual(["said"]);
  expect(await composeDown(repo, lab, { volumes: true })).toMatchObject({ status: "success" });
  expect(await containersOn(used, project)).toEqual([]);
  await composed(repo, lab, {}, async () => expect(await containersOn(used, project)).toHaveLength(1));
  expect(await containersOn(used, project)).toEqual([]);
  expect(await changes()).toEqual([]);
}

/** The doctor's findings of the parent that are not ok, and what it says of the docker client. */
async function examine(lab: Lab, repo: Repo): Promise<string[]> {
  const faults: string[] = [];
  for await (const finding of diagnose(lab, lab.parentFor(repo).id, new AbortController().signal)) {
    if (finding.status !== "ok" && finding.check !== "disk")
      faults.push("code" in finding ? finding.code : finding.text);
    else if (finding.check === "client") faults.push(finding.text);
  }
  return faults;
}

const same = "asks the same engine, and so does Compose";
// What the doctor says depends on them.
const narrow: HostOptions = { ...usualServer, allowTcpForwarding: false, allowStreamLocalForwarding: false };
const user: HostOptions = { ...usualServer, authentication: ["password"] };

interface Way {
  readonly host?: () => HostOptions;
  readonly access?: LabOptions<string>["engineAccess"];
  /** `docker` of the host in lab.json. */
  readonly docker?: () => object;
  /** What the login's own environment names. */
  readonly login?: (running: RunningLab) => Promise<unknown>;
  readonly used: "first" | "second";
  readonly doctor: readonly string[];
}

const ways: Readonly<Record<string, Way>> = {
  "docker.socket names a second engine": {
    docker: () => ({ socket: second.socketPath }),
    used: "second",
    doctor: [same],
  },
  "docker.socket names a second engine, and the server forwards nothing": {
    host: () => narrow,
    docker: () => ({ socket: second.socketPath }),
    used: "second",
    doctor: [same, "DOCTOR_SOCKET_FORWARDING_OFF"],
  },
  "docker runs by sudo on a second engine": {
    host: () => user,
    access: "sudo",
    docker: () => ({ command: ["sudo", "-n", "docker"], socket: second.socketPath }),
    used: "second",
    doctor: [same, "DOCTOR_SOCKET_FORWARDING_OFF"],
  },
  "the login's DOCKER_HOST names a second engine, by TLS, and the server forwards nothing": {
    host: () => ({
      ...narrow,
      sshdConfig: [
        `ForceCommand export DOCKER_HOST=${second.address} DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/nowhere; eval "$SSH_ORIGINAL_COMMAND"`,
      ],
    }),
    used: "first",
    doctor: ["DOCTOR_LOGIN_ELSEWHERE", "DOCTOR_SOCKET_FORWARDING_OFF"],
  },
  "the login's docker context names a second engine": {
    login: async ({ hosts }) => {
      const home = hosts.parent?.homePath ?? "";
      const config = ["--config", join(home, ".docker")];
      await execute("docker", [...config, "context", "create", "other", "--docker", `host=${second.address}`]);
      await execute("docker", [...config, "context", "use", "other"]);
      await execute("chown", ["-R", `--reference=${home}`, join(home, ".docker")]);
    },
    used: "first",
    doctor: ["DOCTOR_LOGIN_ELSEWHERE"],
  },
};

test.each(Object.entries(ways))("over SSH, where %s, one engine alone is used", async (_, way) => {
  const running = keep(
    await startLab({ hosts: { parent: way.host?.() ?? usualServer }, engineAccess: way.access ?? "group" }),
  );
  await way.login?.(running);
  const stack = await createRepo(running, way.docker?.());
  const { lab, repo } = await stack.open(running.directory);
  keep(lab);
  const [used, other] = way.used === "first" ? [first, second.address] : [second.address, first];
  await useStack({ stack, lab, repo }, used, other);
  expect(await examine(lab, repo)).toEqual(way.doctor);
});

test("a lease whose client has gone takes the stack down on its engine", async () => {
  const running = keep(await startLab({ hosts: { parent: { proxy: {} } } }));
  const stack = await createRepo(running, { socket: second.socketPath });
  const { lab, repo } = await stack.open(running.directory);
  await composed(repo, lab);
  expect(await containersOn(second.address, stack.project)).toHaveLength(1);
  const changes = await watch(first);
  running.hosts.parent.proxy?.cut();
  await expect.poll(() => containersOn(second.address, stack.project)).toEqual([]);
  await lab[Symbol.asyncDispose]().catch(() => {});
  expect(await changes()).toEqual([]);
});

test.each(["DOCKER_HOST", "a docker context"])("here, %s names the engine, for everything", async (by) => {
  const stack = await createRepo();
  const config = join(stack.root, "docker-config");
  const inContext = ["--config", config, "context"];
  await execute("docker", [...inContext, "create", "other", "--docker", `host=${second.address}`]);
  await execute("docker", [...inContext, "use", "other"]);
  const named =
    by === "DOCKER_HOST" ? { DOCKER_HOST: second.address } : { DOCKER_HOST: undefined, DOCKER_CONFIG: config };
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined, ...named };
  const lab = keep(await openLab({ cwd: stack.root, env, home: homedir() }));
  const repo = lab.repos[0] as Repo;
  await useStack({ stack, lab, repo }, second.address, first);
  expect(await examine(lab, repo)).toEqual([same]);
});

test("here, a DOCKER_HOST that is no socket is refused by name before anything changes", async () => {
  const stack = await createRepo();
  const env = { ...process.env, OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined, DOCKER_HOST: "tcp://127.0.0.1:9" };
  const lab = keep(await openLab({ cwd: stack.root, env, home: homedir() }));
  const repo = lab.repos[0] as Repo;
  const changes = await watch(first);
  const refusal = { code: "HOST_ENGINE_NOT_LOCAL", message: expect.stringContaining("tcp://127.0.0.1:9") };
  await expect(composeUp(repo, lab)).rejects.toMatchObject(refusal);
  expect(await composeDown(repo, lab)).toMatchObject({ status: "failed", error: refusal });
  await expect(composePs(lab.parentFor(repo))).rejects.toMatchObject(refusal);
  expect(await changes()).toEqual([]);
});
