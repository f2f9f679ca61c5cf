import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { getEventListeners, once } from "node:events";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { type ContainerProcess, createEngine, type Engine } from "@otto/engine";
import { Secret } from "@otto/errors";
import { createBusyboxImage, type Registry, startRegistry, type TestImage } from "@otto/lab";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);
const name = `otto-calls-${randomBytes(4).toString("hex")}`;
const absent = `${name}-absent`;
const streams = { terminal: false, stdin: false };
const open = new Set<Socket>();
const engine = createEngine({ name: "local", dial: dialAndCount });
let image: TestImage;
let registry: Registry;
let container: string;

beforeAll(async () => {
  await execute("docker", ["swarm", "init", "--advertise-addr", "127.0.0.1"]);
  image = await createBusyboxImage(`${name}:base`);
  registry = await startRegistry();
  await engine.tagImage({ source: image.tag, target: `${registry.host}/${name}:base` });
  await engine.pushImage({ reference: `${registry.host}/${name}:base` });
  const script = "echo some words | tee /words; sleep infinity";
  const { stdout } = await execute("docker", ["run", "--detach", "--init", image.tag, "sh", "-c", script]);
  container = stdout.trim();
  await execute("docker", ["create", "--name", `${name}-ends`, image.tag, "echo", "hello"]);
  await execute("docker", ["create", "--name", `${name}-none`, image.tag, "/none"]);
});

afterAll(async () => {
  await execute("docker", ["rm", "--force", container, `${name}-ends`, `${name}-none`]);
  for (const made of [`${name}:made`, `${registry.host}/${name}:base`]) await engine.removeImage(made);
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await execute("docker", ["swarm", "leave", "--force"]);
});

async function dialAndCount(): Promise<Socket> {
  const socket = connect("/var/run/docker.sock");
  await once(socket, "connect");
  open.add(socket);
  socket.once("close", () => open.delete(socket));
  return socket;
}

type Ask = (signal: AbortSignal) => Promise<unknown>;

/** Each call of the interface, with the ways in which it ends. */
const calls: Record<Exclude<keyof Engine, typeof Symbol.asyncDispose>, Record<string, Ask>> = {
  version: { told: (signal) => engine.version(signal) },
  time: { told: (signal) => engine.time(signal) },
  hasBuildKit: { told: (signal) => engine.hasBuildKit(signal) },
  inspectImage: {
    there: (signal) => engine.inspectImage(image.tag, signal),
    absent: (signal) => engine.inspectImage(absent, signal),
  },
  tagImage: {
    done: (signal) => engine.tagImage({ source: image.tag, target: `${name}:made` }, signal),
    refused: (signal) => engine.tagImage({ source: absent, target: `${name}:made` }, signal),
  },
  removeImage: {
    done: async (signal) => {
      await engine.tagImage({ source: image.tag, target: `${name}:removed` }, signal);
      await engine.removeImage(`${name}:removed`, signal);
    },
    absent: (signal) => engine.removeImage(absent, signal),
  },
  pullImage: {
    done: (signal) => engine.pullImage({ reference: `${registry.host}/${name}:base` }, signal),
    absent: (signal) => engine.pullImage({ reference: `${registry.host}/${absent}:base` }, signal),
  },
  pushImage: {
    done: (signal) => engine.pushImage({ reference: `${registry.host}/${name}:base` }, signal),
    refused: (signal) => engine.pushImage({ reference: `${registry.host}/${absent}:base` }, signal),
  },
  findDigest: {
    there: (signal) => engine.findDigest({ reference: `${registry.host}/${name}:base` }, signal),
    absent: (signal) => engine.findDigest({ reference: `${registry.host}/${absent}:base` }, signal),
  },
  swarm: {
    membership: (signal) => engine.swarm.membership(signal),
    nodes: (signal) => engine.swarm.nodes(signal),
    services: (signal) => engine.swarm.services(undefined, signal),
    tasks: (signal) => engine.swarm.tasks({ label: "x=y" }, signal),
    networks: (signal) => engine.swarm.networks("x=y", signal),
    "a container of no task": (signal) => engine.swarm.taskAddress(container, signal),
    contents: (signal) => engine.swarm.contents("config", undefined, signal),
    "a secret": async (signal) => {
      const content = { name: `${name}-secret`, labels: {}, data: new Secret("s") };
      const id = (await engine.swarm.createContent("secret", content, signal)) ?? "";
      expect(await engine.swarm.createContent("secret", content, signal)).toBeUndefined();
      await engine.swarm.removeContent("secret", id, signal);
      await engine.swarm.removeContent("secret", id, signal);
    },
    "a service that is not there": (signal) => engine.swarm.removeService("none", signal),
    "a network that is not there": (signal) => engine.swarm.removeNetwork("none", signal),
    "the log of a task that is not there": (signal) =>
      Readable.from(engine.swarm.readTaskLog({ id: "none", tty: false }, { tail: 1 }, signal)).toArray(),
  },
  buildWithSession: {
    done: (signal) => buildWithSession("", signal),
    "done with a named context": (signal) => buildWithSession("", signal, { base: `docker-image://${image.tag}` }),
    failed: (signal) => buildWithSession("RUN exit 3", signal),
    "failed with a named context": (signal) =>
      buildWithSession("RUN exit 3", signal, { base: `docker-image://${image.tag}` }),
  },
  buildImage: {
    done: (signal) => buildTar(contextOf(`FROM ${image.tag}\n`), signal),
    failed: (signal) => buildTar(contextOf(`FROM ${image.tag}\nRUN exit 3\n`), signal),
    "fed by what breaks": (signal) => buildTar(brokenTar(), signal),
  },
  listContainers: { told: (signal) => engine.listContainers({ all: true }, signal) },
  inspectContainer: {
    there: (signal) => engine.inspectContainer(container, signal),
    absent: (signal) => engine.inspectContainer(absent, signal),
  },
  statPath: {
    there: (signal) => engine.statPath({ container, path: "/words" }, signal),
    absent: (signal) => engine.statPath({ container, path: "/none" }, signal),
  },
  readArchive: {
    "read to its end": async (signal) => buffer(await engine.readArchive({ container, path: "/words" }, signal)),
    destroyed: async (signal) => void (await engine.readArchive({ container, path: "/bin" }, signal)).destroy(),
    absent: (signal) => engine.readArchive({ container, path: "/none" }, signal),
  },
  writeArchive: {
    done: (signal) => engine.writeArchive({ container, path: "/" }, contextOf(""), signal),
    absent: (signal) => engine.writeArchive({ container, path: "/none" }, contextOf(""), signal),
    "fed by what breaks": (signal) => engine.writeArchive({ container, path: "/" }, brokenTar(), signal),
  },
  watchContainers: {
    left: async (signal) => {
      const events = await engine.watchContainers([], signal);
      await execute("docker", ["rename", container, `${name}-${randomBytes(4).toString("hex")}`]);
      for await (const _ of events) break;
    },
    "never read": async (signal) => {
      const leaving = new AbortController();
      await engine.watchContainers([], AbortSignal.any([signal, leaving.signal]));
      leaving.abort();
    },
  },
  readLog: {
    "read to its end": (signal) => Readable.from(engine.readLog({ id: container, tty: false }, {}, signal)).toArray(),
    left: async (signal) => {
      for await (const _ of engine.readLog({ id: container, tty: false }, { follow: true }, signal)) break;
    },
    absent: (signal) => Readable.from(engine.readLog({ id: absent, tty: false }, {}, signal)).toArray(),
  },
  exec: {
    ended: async (signal) => outcomeOf(await engine.exec(container, ["echo", "hello"], { signal })),
    "with a stdin": async (signal) => {
      const process = await engine.exec(container, ["cat"], { stdin: true, signal });
      process.stdin.end("hello");
      return outcomeOf(process);
    },
    "in a terminal": async (signal) => {
      const process = await engine.exec(container, ["cat"], { stdin: true, terminal: true, signal });
      await process.resize(80, 24);
      process.stdin.end("\u0004");
      return outcomeOf(process);
    },
    disconnected: async (signal) => {
      const process = await engine.exec(container, ["cat"], { stdin: true, signal });
      process.disconnect();
      await process.exit;
    },
    "not started": async (signal) => outcomeOf(await engine.exec(container, ["/none"], { signal })),
    absent: (signal) => engine.exec(absent, ["true"], { signal }),
  },
  waitContainer: {
    ended: async (signal) => {
      const { stdout } = await execute("docker", ["run", "--detach", "--rm", image.tag, "sleep", "0.2"]);
      await engine.waitContainer(stdout.trim(), signal);
    },
    absent: (signal) => engine.waitContainer(absent, signal),
  },
  startContainer: {
    ended: async (signal) => outcomeOf(await engine.startContainer(`${name}-ends`, streams, signal)),
    left: async (signal) => {
      const process = await engine.startContainer(`${name}-ends`, streams, signal);
      process.disconnect();
      await process.exit;
    },
    "not started": (signal) => engine.startContainer(`${name}-none`, streams, signal),
    "running already": (signal) => engine.startContainer(container, streams, signal),
    absent: (signal) => engine.startContainer(absent, streams, signal),
  },
  execDetached: {
    started: (signal) => engine.execDetached(container, ["true"], { signal }),
    "not started": (signal) => engine.execDetached(container, ["/none"], { signal }),
    absent: (signal) => engine.execDetached(absent, ["true"], { signal }),
  },
};

const ways = Object.entries(calls).flatMap(([call, ends]) =>
  Object.entries(ends).map(([end, ask]) => ({ call, end, ask })),
);

// So many an agent keeps for further requests. It has two where one was asked for before the other was free.
const idle = 4;

test.each(ways)("$call, $end, leaves no more connections than are kept idle, and no listener", async ({ ask }) => {
  const { signal } = new AbortController();
  for (let n = 0; n <= idle; n += 1) await ask(signal).catch(() => {});
  await expect.poll(() => open.size).toBeLessThanOrEqual(idle);
  await expect.poll(() => getEventListeners(signal, "abort").length).toBe(0);
});

test.each(ways)(
  "$call, $end, aborted early or late, leaves no more connections than are kept idle",
  async ({ ask }) => {
    for (let turns = 0; turns < 8; turns += 1) {
      const aborting = new AbortController();
      const asked = ask(aborting.signal).catch(() => {});
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
      aborting.abort();
      await asked;
    }
    await expect.poll(() => open.size).toBeLessThanOrEqual(idle);
  },
);

function contextOf(dockerfile: string): Readable {
  const tar = pack();
  tar.entry({ name: "Dockerfile" }, dockerfile);
  tar.finalize();
  return tar as unknown as Readable;
}

function brokenTar(): Readable {
  return Readable.from(
    (async function* () {
      yield Buffer.alloc(512);
      throw new Error("the disk broke");
    })(),
  );
}

function buildTar(tar: Readable, signal: AbortSignal): Promise<void> {
  return engine.buildImage(tar, { tag: `${name}:made`, dockerfile: "Dockerfile" }, signal);
}

function buildWithSession(step: string, signal: AbortSignal, namedContexts: Record<string, string> = {}) {
  const dockerfile = Buffer.from(`FROM ${image.tag}\n${step}\n`);
  const stat = { path: Buffer.from("Dockerfile"), mode: 0o644, sizeBytes: dockerfile.length, mtimeNs: 0n };
  const services = { sharedKey: name, files: () => ({ length: 1, stat: () => stat, read: () => [dockerfile] }) };
  return engine.buildWithSession({ tag: `${name}:made`, dockerfile: "Dockerfile", services, namedContexts }, signal);
}

function outcomeOf({ exit, stdout, stderr }: ContainerProcess): Promise<unknown> {
  return Promise.all([exit, buffer(stdout), buffer(stderr)]);
}
