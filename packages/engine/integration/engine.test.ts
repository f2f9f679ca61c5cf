import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type BuildProgress, type ContainerProcess, createEngine, type Engine } from "@otto/engine";
import { OttoError, Secret } from "@otto/errors";
import {
  createBusyboxImage,
  dockerd,
  LimitedLink,
  linkCuts,
  type Registry,
  startEngine,
  startRegistry,
  type TestImage,
} from "@otto/lab";
import { pack } from "tar-stream";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);
const name = `otto-engine-${randomBytes(4).toString("hex")}`;
let channels = 0;
let engine: Engine;
let image: TestImage;
let registry: Registry;

beforeAll(async () => {
  image = await createBusyboxImage(`${name}:base`);
  registry = await startRegistry();
  engine = createEngine({
    name: "local",
    dial: () => {
      channels += 1;
      return dialEngine();
    },
  });
  await engine.tagImage({ source: image.tag, target: `${registry.host}/${name}:base` });
});

afterAll(async () => {
  for (const made of [`${name}:cut`, `${registry.host}/${name}:base`]) await engine.removeImage(made);
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
});

async function dialEngine() {
  const socket = connect("/var/run/docker.sock");
  await once(socket, "connect");
  return socket;
}

function contextOf(dockerfile: string) {
  const tar = pack();
  tar.entry({ name: "Dockerfile" }, dockerfile);
  tar.finalize();
  return tar as unknown as NodeJS.ReadableStream as import("node:stream").Readable;
}

async function startContainer(script: string) {
  const { stdout } = await execute("docker", ["run", "--detach", "--init", image.tag, "sh", "-c", script]);
  const id = stdout.trim();
  return { id, [Symbol.asyncDispose]: async () => void (await execute("docker", ["rm", "--force", id])) };
}

test("an engine says its version", async () => {
  expect(await engine.version()).toMatchObject({
    version: expect.stringMatching(/^\d+\./),
    apiVersion: expect.stringMatching(/^1\.\d+$/),
  });
});

test("an engine that has left our version behind is spoken to by the oldest that it knows", async () => {
  // As Docker 29 does by itself.
  await using own = await startEngine((places) => ["env", "DOCKER_MIN_API_VERSION=1.44", ...dockerd(places)]);
  const dial = async () => {
    const socket = connect(own.socketPath);
    await once(socket, "connect");
    return socket;
  };
  await using first = createEngine({ name: "new", dial });
  expect(await first.listContainers({ all: true })).toEqual([]);
  expect(await first.hasBuildKit()).toBe(true);
  await using second = createEngine({ name: "new", dial });
  expect(await second.hasBuildKit()).toBe(true);
  expect(await second.inspectImage("none")).toBeUndefined();
});

test("requests one after the other use one channel", async () => {
  await engine.version();
  const before = channels;
  for (let n = 0; n < 10; n += 1) await engine.listContainers();
  expect(channels).toBe(before);
});

test("an image that is not there is undefined", async () => {
  expect(await engine.inspectImage(`${name}:absent`)).toBeUndefined();
});

test("a build gives an image with its tag and labels, and its output as it comes", async () => {
  const tag = `${name}:built`;
  let output = "";
  await engine.buildImage(contextOf(`FROM ${image.tag}\nARG COLOUR\nRUN echo "colour $COLOUR"\n`), {
    tag,
    dockerfile: "Dockerfile",
    buildArgs: { COLOUR: "red" },
    labels: { "otto.test": "yes" },
    onProgress: (progress) => {
      if (progress.type === "output") output += progress.text;
    },
  });
  expect(output).toContain("colour red");
  expect(await engine.inspectImage(tag)).toMatchObject({ labels: { "otto.test": "yes" } });
  await engine.tagImage({ source: tag, target: `${name}:again` });
  await engine.removeImage(tag);
  expect(await engine.inspectImage(tag)).toBeUndefined();
  await engine.removeImage(`${name}:again`);
});

test("a failed build is an error with the output of the step, and no tag", async () => {
  const tag = `${name}:broken`;
  const dockerfile = `FROM ${image.tag}\nRUN echo some words; exit 3\n`;
  await expect(engine.buildImage(contextOf(dockerfile), { tag, dockerfile: "Dockerfile" })).rejects.toMatchObject({
    code: "ENGINE_BUILD_FAILED",
    details: { output: expect.stringContaining("some words"), exitCode: 3, step: "[2/2] RUN echo some words; exit 3" },
  });
  expect(await engine.inspectImage(tag)).toBeUndefined();
});

test("the classic builder takes a base image with the credentials for its registry, and without them cannot", async () => {
  const login = { username: "ada", password: `canary-${randomBytes(12).toString("hex")}` };
  await using registry = await startRegistry(login);
  const reference = `${registry.host}/base:1`;
  const credentials = { username: login.username, password: new Secret(login.password) };
  await engine.tagImage({ source: image.tag, target: reference });
  await engine.pushImage({ reference, credentials });
  await engine.removeImage(reference);
  const tag = `${name}:derived`;
  const build = (given: object) =>
    engine.buildImage(contextOf(`FROM ${reference}\n`), { tag, dockerfile: "Dockerfile", ...given });
  for (const given of [{}, { credentials: { "r.example": credentials } }]) {
    await expect(build(given)).rejects.toMatchObject({ code: "ENGINE_BUILD_FAILED" });
  }
  await build({ credentials: { [registry.host]: credentials } });
  expect(await engine.inspectImage(tag)).toBeDefined();
  for (const made of [tag, reference]) await engine.removeImage(made);
});

test("an aborted build ends and tags nothing", async () => {
  const controller = new AbortController();
  const tag = `${name}:aborted`;
  const options = {
    tag,
    dockerfile: "Dockerfile",
    onProgress: (progress: BuildProgress) => {
      if (progress.type === "output" && progress.text.includes("begun")) controller.abort();
    },
  };
  const building = engine.buildImage(
    contextOf(`FROM ${image.tag}\nRUN echo be""gun; sleep 600\n`),
    options,
    controller.signal,
  );
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  expect(await engine.inspectImage(tag)).toBeUndefined();
});

test("40 commands at once all run, and give their own exit codes", async () => {
  await using container = await startContainer("sleep infinity");
  const codes = await Promise.all(
    Array.from({ length: 40 }, async (_, n) => {
      const process = await engine.exec(container.id, ["sh", "-c", `exit ${n}`]);
      process.stdout.resume();
      process.stderr.resume();
      return (await process.exit).exitCode;
    }),
  );
  expect(codes).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test("what is written to a command without a stdin is an error, not lost", async () => {
  await using container = await startContainer("sleep infinity");
  const process = await engine.exec(container.id, ["cat"]);
  process.stdin.end("bytes");
  await expect(outcomeOf(process)).rejects.toThrow(TypeError);
  const withoutBytes = await engine.exec(container.id, ["cat"]);
  withoutBytes.stdin.end("");
  expect(await outcomeOf(withoutBytes)).toMatchObject([{ exitCode: 0 }, Buffer.alloc(0), Buffer.alloc(0)]);
});

test("an engine that is not there is an error that names it", async () => {
  const absent = createEngine({
    name: "pepper",
    dial: async () => {
      const socket = connect("/nonexistent/docker.sock");
      await once(socket, "connect");
      return socket;
    },
  });
  await expect(absent.version()).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
    message: expect.stringContaining("pepper"),
  });
});

test("an abort ends the wait for a start that others hold up", async () => {
  const meeting = await dialEngine();
  const dials = [meeting];
  await using stuck = createEngine({ name: "pepper", dial: async () => dials.shift() ?? new Promise(() => {}) });
  await stuck.hasBuildKit();
  meeting.destroy();
  await once(meeting, "close");
  for (let n = 0; n < 20; n += 1) stuck.exec("nothing", ["true"]).catch(() => {});
  const controller = new AbortController();
  const waiting = stuck.exec("nothing", ["true"], { signal: controller.signal });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

const connectionLost = { code: expect.stringMatching(/^ENGINE_(UNREACHABLE|STREAM_LOST)$/) };

type Ask = (pepper: Engine, signal?: AbortSignal) => Promise<unknown>;

/** Requests, and by how many bytes their answers are gone through. */
function asksOf(container: string) {
  const reference = `${registry.host}/${name}:base`;
  const asks: Record<string, { ask: Ask; step: number }> = {
    list: { ask: (pepper, signal) => pepper.listContainers({ labels: [`otto.test=${name}`] }, signal), step: 1 },
    image: { ask: (pepper, signal) => pepper.inspectImage(image.tag, signal), step: 7 },
    refusal: { ask: (pepper, signal) => pepper.inspectContainer(name, signal), step: 1 },
    path: { ask: (pepper, signal) => pepper.statPath({ container, path: "/bin" }, signal), step: 1 },
    archive: {
      ask: async (pepper, signal) => wholeArchive(await pepper.readArchive({ container, path: "/words" }, signal)),
      step: 7,
    },
    write: { ask: (pepper, signal) => pepper.writeArchive({ container, path: "/" }, contextOf(""), signal), step: 17 },
    build: {
      ask: (pepper, signal) =>
        pepper.buildImage(contextOf(`FROM ${image.tag}`), { tag: `${name}:cut`, dockerfile: "Dockerfile" }, signal),
      step: 97,
    },
    // How often it is told of a step, or a transfer, is not the same each time.
    "build with a session": { ask: (pepper, signal) => buildWithSession(pepper, signal), step: 2500 },
    push: { ask: (pepper, signal) => pepper.pushImage({ reference }, signal), step: 300 },
    pull: { ask: (pepper, signal) => pepper.pullImage({ reference }, signal), step: 300 },
    log: {
      ask: async (pepper, signal) =>
        (await Readable.from(pepper.readLog({ id: container, tty: false }, {}, signal)).toArray()).flat(),
      step: 1,
    },
    // What tells how it ended is longer or shorter by a digit or two.
    command: {
      ask: async (pepper, signal) => {
        const process = await pepper.exec(container, ["echo", "hello"], { signal });
        signal?.addEventListener("abort", () => process.disconnect());
        return outcomeOf(process);
      },
      step: 19,
    },
  };
  return Object.entries(asks);
}

async function buildWithSession(pepper: Engine, signal?: AbortSignal): Promise<void> {
  const dockerfile = Buffer.from(`FROM ${image.tag}`);
  const stat = { path: Buffer.from("Dockerfile"), mode: 0o644, sizeBytes: dockerfile.length, mtimeNs: 0n };
  const files = () => ({ length: 1, stat: () => stat, read: () => [dockerfile] });
  const services = { sharedKey: name, files };
  await pepper.buildWithSession({ tag: `${name}:cut`, dockerfile: "Dockerfile", services }, signal);
}

/** Each request with the bytes to cut its answers after. @param most for each request, about */
async function* cutsOf(link: LimitedLink, container: string, most = Number.POSITIVE_INFINITY) {
  await using whole = createEngine({ name: "whole", dial: () => link.dial() });
  await whole.time();
  for (const [what, { ask, step }] of asksOf(container)) {
    link.renew(Number.POSITIVE_INFINITY);
    // A first build or push has more to tell than those after it.
    await ask(whole);
    link.renew(Number.POSITIVE_INFINITY);
    await ask(whole);
    const length = link.passed;
    const stride = Math.max(step, Math.ceil(length / most));
    for (let limit = 1; limit < length - stride; limit += stride) {
      yield { ask, limit, where: `${what}: ${limit} of ${length} bytes` };
    }
  }
}

test.each(Object.entries(linkCuts))(
  "a connection that %s in the middle of an answer is an error at once",
  async (_, cut) => {
    const link = new LimitedLink(cut);
    await using pepper = createEngine({ name: "pepper", dial: () => link.dial() });
    await pepper.time();
    await using running = await startContainer("echo some words | tee /words; sleep infinity");
    for await (const { ask, limit, where } of cutsOf(link, running.id)) {
      link.renew(limit);
      await expect(ask(pepper), where).rejects.toMatchObject(connectionLost);
    }
  },
);

test("an abort ends the wait for the rest of an answer that does not come, and leaves no connection", async () => {
  let abort = () => {};
  const link = new LimitedLink(() => setImmediate(abort));
  await using running = await startContainer("echo some words | tee /words; sleep infinity");
  for await (const { ask, limit, where } of cutsOf(link, running.id, 10)) {
    link.renew(Number.POSITIVE_INFINITY);
    await using pepper = createEngine({ name: "pepper", dial: () => link.dial() });
    await pepper.time();
    link.renew(limit);
    const controller = new AbortController();
    abort = () => controller.abort();
    await expect(ask(pepper, controller.signal), where).rejects.toMatchObject({
      message: expect.stringMatching(/aborted|lost|no end/),
    });
  }
  await expect.poll(() => link.channels).toBe(0);
});

/** An engine whose connections are cut the moment they are handed over. */
function cutWhenHandedOver(cut: (channel: Duplex) => void): Engine {
  const link = new LimitedLink(cut);
  const dial = async () => {
    const channel = await link.dial();
    const push = channel.push.bind(channel);
    channel.push = (bytes: Buffer) => {
      const start = bytes?.indexOf("HTTP/1.1 101") ?? -1;
      if (start < 0) return push(bytes);
      channel.push = push;
      channel.push(bytes.subarray(0, bytes.indexOf("\r\n\r\n", start) + 4));
      cut(channel);
      return false;
    };
    return channel;
  };
  return createEngine({ name: "pepper", dial });
}

// One that ends is, at this moment, a command that has said nothing.
test.each(["closes", "fails"] as const)(
  "a connection that %s the moment a command starts is that command's error",
  async (how) => {
    await using pepper = cutWhenHandedOver(linkCuts[how]);
    await using container = await startContainer("sleep infinity");
    const running = pepper.exec(container.id, ["echo", "hello"]).then(outcomeOf);
    await expect(running).rejects.toMatchObject(connectionLost);
  },
);

test.each(["ends", "closes", "fails"] as const)(
  "a session that %s before its build is asked for is told as a lost connection, not as a failed build",
  async (how) => {
    await using pepper = cutWhenHandedOver(linkCuts[how]);
    await expect(buildWithSession(pepper)).rejects.toMatchObject(connectionLost);
  },
);

test("an abort the moment a command starts lets its connection go", async () => {
  const controller = new AbortController();
  const link = new LimitedLink(() => {});
  await using container = await startContainer("sleep infinity");
  await using pepper = createEngine({
    name: "pepper",
    dial: async () => {
      const channel = await link.dial();
      const push = channel.push.bind(channel);
      channel.push = (bytes: Buffer) => {
        const result = push(bytes);
        if (bytes?.includes("HTTP/1.1 101")) controller.abort();
        return result;
      };
      return channel;
    },
  });
  const { signal } = controller;
  await expect(pepper.exec(container.id, ["sleep", "900"], { signal })).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => link.channels).toBe(0);
});

/** An archive itself says where it ends. */
async function wholeArchive(tar: Readable): Promise<Buffer> {
  const bytes = await buffer(tar).catch(() => Buffer.alloc(0));
  if (bytes.length % 512 === 0 && bytes.subarray(-1024).equals(Buffer.alloc(1024))) return bytes;
  throw new OttoError("ENGINE_STREAM_LOST", "no end");
}

function outcomeOf({ exit, stdout, stderr }: ContainerProcess): Promise<unknown> {
  return Promise.all([exit, buffer(stdout), buffer(stderr)]);
}

test("a reference without a tag means `latest`, one with a digest that image", async () => {
  const reference = `${registry.host}/${name}`;
  await engine.tagImage({ source: image.tag, target: reference });
  const digest = await engine.pushImage({ reference });
  const pinned = [`${reference}@${digest}`, `${reference}:other@${digest}`];
  for (const wanted of [reference, ...pinned]) {
    await execute("docker", ["rmi", `${reference}:latest`, `${reference}@${digest}`]).catch(() => {});
    expect(await engine.pullImage({ reference: wanted })).toBe(true);
    expect((await engine.inspectImage(wanted))?.id).toBeDefined();
  }
  const unseen = `${reference}@sha256:${"0".repeat(64)}`;
  expect(await engine.pullImage({ reference: unseen })).toBe(false);
  const target = `${reference}:1@${digest}`;
  await expect(engine.tagImage({ source: image.tag, target })).rejects.toThrow("digest");
  await expect(engine.pushImage({ reference: target })).rejects.toThrow("digest");
  await execute("docker", ["rmi", `${reference}:latest`, `${reference}@${digest}`]).catch(() => {});
});

test("what a container writes from its first byte on is there once and in order, unfinished lines too", async () => {
  const script = "seq 1 3000; printf 'half'; printf 'other' >&2; exit 5";
  const wanted = `${Array.from({ length: 3000 }, (_, n) => `${n + 1}\n`).join("")}half`;
  const run = async () => {
    const { stdout: id } = await execute("docker", ["create", "--interactive", image.tag, "sh", "-c", script]);
    const started = await engine.startContainer(id.trim(), { terminal: false, stdin: true });
    const [exit, stdout, stderr] = await Promise.all([started.exit, text(started.stdout), text(started.stderr)]);
    await execute("docker", ["rm", id.trim()]);
    return { exit, stdout, stderr };
  };
  for (const ended of await Promise.all(Array.from({ length: 30 }, run))) {
    expect(ended).toEqual({ exit: { exitCode: 5, started: true }, stdout: wanted, stderr: "other" });
  }
});
