import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createEngine, type Engine } from "@otto/engine";
import { createMemoryGauge } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const version = { Version: "26.1.5", ApiVersion: "1.45", Os: "linux", Arch: "amd64" };
const directory = await mkdtemp(join(tmpdir(), "otto-hostile-"));
const socketPath = join(directory, "docker.sock");
let sent = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
let serveSession: (socket: Duplex) => void = () => {};

const server = createServer((request, response) => {
  response.on("error", () => {});
  if (request.url === "/version") response.end(JSON.stringify(version));
  else request.resume().once("end", () => answer(request, response));
}).on("upgrade", (_request, socket) => {
  socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  serveSession(socket);
});
const engine: Engine = createEngine({
  name: "pepper",
  dial: async () => {
    const socket = connect(socketPath);
    await once(socket, "connect");
    return socket;
  },
});

beforeAll(async () => {
  server.listen(socketPath);
  await once(server, "listening");
});

afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

const chunk = Buffer.alloc(64 * 1024, "x");

/** Sends without end, until the other side has had enough. */
function sendForEver(target: Writable, ...head: readonly (string | Buffer)[]): void {
  async function* bytes() {
    yield* head.map((part) => Buffer.from(part));
    for (;;) {
      sent += chunk.length;
      yield chunk;
    }
  }
  pipeline(Readable.from(bytes(), { objectMode: false }), target).catch(() => {});
}

const refuse = (_: IncomingMessage, response: ServerResponse) => {
  response.writeHead(500);
  sendForEver(response);
};
const frameHead = Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
const id = "c1";
const exhausted = { code: "ENGINE_STREAM_INVALID" };
const refused = { code: "ENGINE_REQUEST_FAILED", details: { status: 500 } };

interface Trick {
  readonly answer: typeof answer;
  readonly ask: () => Promise<unknown>;
  readonly error: object;
  /** What may be read of it. */
  readonly mostMiB: number;
}

const tricks: Record<string, Trick> = {
  "a list without end": {
    answer: (_, response) => sendForEver(response, "[{"),
    ask: () => engine.listContainers(),
    error: exhausted,
    mostMiB: 80,
  },
  "a refusal without end": { answer: refuse, ask: () => engine.inspectContainer(id), error: refused, mostMiB: 8 },
  "a refusal of an archive without end": {
    answer: refuse,
    ask: () => engine.readArchive({ container: id, path: "/a" }),
    error: refused,
    mostMiB: 8,
  },
  "a refusal of a log without end": {
    answer: refuse,
    ask: () => Readable.from(engine.readLog({ id, tty: false }, {})).toArray(),
    error: refused,
    mostMiB: 8,
  },
  "a refusal of a command without end": {
    answer: refuse,
    ask: () => engine.exec(id, ["true"]),
    error: refused,
    mostMiB: 8,
  },
  "a log frame of 4 GiB": {
    answer: (_, response) => sendForEver(response, frameHead),
    ask: () => Readable.from(engine.readLog({ id, tty: false }, {})).toArray(),
    error: exhausted,
    mostMiB: 8,
  },
  "a line of a pull without end": {
    answer: (_, response) => sendForEver(response),
    ask: () => engine.pullImage({ reference: "a:1" }),
    error: exhausted,
    mostMiB: 32,
  },
  "an answer to a written archive without end": {
    answer: (_, response) => sendForEver(response),
    ask: () => engine.writeArchive({ container: id, path: "/" }, Readable.from([])),
    error: exhausted,
    mostMiB: 8,
  },
  "a list that is none": {
    answer: (_, response) => void response.end("<html>"),
    ask: () => engine.listContainers(),
    error: exhausted,
    mostMiB: 1,
  },
};

test.each(Object.entries(tricks))("%s is an error, of bounded memory", async (_, trick) => {
  await engine.hasBuildKit();
  answer = trick.answer;
  sent = 0;
  const heldBytes = createMemoryGauge();
  const before = heldBytes();
  await expect(trick.ask()).rejects.toMatchObject(trick.error);
  expect(sent).toBeLessThan(trick.mostMiB << 20);
  await expect.poll(() => heldBytes() - before).toBeLessThan(32 << 20);
});

/** Answers each question for a path with `status`, which HEAD says without a reason. */
const refusePath = (status: number, message: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ message }));
const statPath = () => engine.statPath({ container: id, path: "/a" });

// As dockerd 26.1.5 has them.
test.each([
  [404, "Could not find the file /a in container c1"],
  [500, "lstat /a: not a directory"],
  [500, "lstat /a: too many levels of symbolic links"],
  [500, "evalSymlinksInScope: too many links in /a"],
])("with status %i, %j means that nothing is there", async (status, message) => {
  answer = refusePath(status, message);
  expect(await statPath()).toBeUndefined();
});

test.each([
  [500, "open /var/lib/docker/overlay2/x: no space left on device"],
  [500, "lstat /a: not a directory/b: input/output error"],
  [409, "container c1 is marked for removal"],
])("with status %i, %j is an error that says so", async (status, message) => {
  answer = refusePath(status, message);
  await expect(statPath()).rejects.toMatchObject({
    code: "ENGINE_REQUEST_FAILED",
    message: expect.stringContaining(status === 500 ? message : "409"),
    details: { status },
  });
});

// As `docker pull` of Docker 26.1.5 asks for them.
test.each([
  ["busybox", "fromImage=busybox&tag=latest"],
  ["docker.io/library/busybox:1", "fromImage=busybox&tag=1"],
  ["localhost:5000/app", "fromImage=localhost%3A5000%2Fapp&tag=latest"],
  ["r.example/team/app@sha256:00", "fromImage=r.example%2Fteam%2Fapp&tag=sha256%3A00"],
  ["app:1@sha256:00", "fromImage=app&tag=sha256%3A00"],
])("%s is asked for with %s", async (reference, query) => {
  let asked: string | undefined;
  answer = (request, response) => {
    asked = request.url;
    response.end();
  };
  expect(await engine.pullImage({ reference })).toBe(true);
  expect(asked).toBe(`/v1.43/images/create?${query}`);
});

test.each([
  ["busybox", "docker login docker.io"],
  ["localhost:5000/app:1", "docker login localhost:5000"],
])("a failed pull of %s has the hint %s", async (reference, command) => {
  answer = (_, response) => void response.end(`${JSON.stringify({ error: "the transfer failed" })}\n`);
  await expect(engine.pullImage({ reference })).rejects.toMatchObject({ hint: expect.stringMatching(`${command}$`) });
});

const dockerfile = Buffer.from("FROM scratch\n");
const stat = { path: Buffer.from("Dockerfile"), mode: 0o644, sizeBytes: dockerfile.length, mtimeNs: 0n };

function build(signal?: AbortSignal): Promise<void> {
  const services = { sharedKey: "a", files: () => ({ length: 1, stat: () => stat, read: () => [dockerfile] }) };
  return engine.buildWithSession({ tag: "a:1", dockerfile: "Dockerfile", services }, signal);
}

const oneFrame = (bytes: Buffer) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

// Each is a request of the entry 0.
const requests = Buffer.concat(Array.from({ length: 3 }, () => oneFrame(Buffer.from([0x08, 0x01]))));

const sessionTricks: Record<string, { readonly play: (call: Writable) => void; readonly error: object }> = {
  "a message of 4 GiB": {
    play: (call) => sendForEver(call, Buffer.from([0, 0xff, 0xff, 0xff, 0xff])),
    error: exhausted,
  },
  "a message that is none": { play: (call) => void call.write(oneFrame(Buffer.from([0xff, 0xff]))), error: exhausted },
  "one file asked for over and over": {
    play: (call) => void call.write(requests),
    error: { code: "BUILDKIT_SYNC_FAILED" },
  },
};

test.each(Object.entries(sessionTricks))(
  "in a session, %s fails the build, and nothing else",
  async (_, { play, error }) => {
    serveSession = (socket) => {
      const session = connectHttp2("http://client", { createConnection: () => socket });
      session.on("error", () => {});
      const call = session.request({
        ":method": "POST",
        ":path": "/moby.filesync.v1.FileSync/DiffCopy",
        "content-type": "application/grpc",
        "dir-name": "context",
      });
      call.on("error", () => {}).resume();
      play(call);
      // The build is over when its transfer is.
      for (const event of ["end", "close"]) call.once(event, () => sessionOver.abort());
    };
    const sessionOver = new AbortController();
    answer = (_request, response) => {
      const end = () => void response.end(`${JSON.stringify({ error: "the transfer failed" })}\n`);
      if (sessionOver.signal.aborted) end();
      else sessionOver.signal.addEventListener("abort", end);
    };
    await expect(build()).rejects.toMatchObject(error);
  },
);

test("a log whose frames come byte by byte is read in a time that grows with its length alone", async () => {
  const line = Buffer.concat([Buffer.from("2026-01-31T12:00:00Z "), Buffer.alloc(1 << 19, "x")]);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(line.length, 4);
  answer = (_, response) => {
    response.socket?.setNoDelay(true);
    for (const part of [head, line])
      for (let at = 0; at < part.length; at += 16) response.write(part.subarray(at, at + 16));
    response.end();
  };
  const [[entry]] = await Readable.from(engine.readLog({ id, tty: false }, {})).toArray();
  expect(entry.bytes).toHaveLength(1 << 19);
  expect(line.subarray(21).equals(entry.bytes)).toBe(true);
});
