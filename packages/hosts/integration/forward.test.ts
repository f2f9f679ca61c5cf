import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { DockerContainerHost, type Parent } from "@otto/hosts";
import { createBusyboxImage, findFreePort, type Lab, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";

type ForwardingHost = Pick<Parent, "forward">;

const execute = promisify(execFile);
const image = `otto-forward-${randomBytes(4).toString("hex")}:1`;
const sizeBytes = 100 * 1024 * 1024;
const cleanUps: (() => PromiseLike<unknown>)[] = [];
let lab: Lab<"bastion" | "open" | "closed" | "python">;
const parents: Record<string, Parent> = {};
let project: string;
let container: LabelledContainer;

// What a line is told from the port it came to; what was read until its end, counted; and one on loopback alone.
const servers = `nc -ll -p 80 -e cat & nc -ll -p 81 -e sh -c 'n=$(wc -c); echo "got $n"' &
httpd -f -p 127.0.0.1:82 -h /etc & nc -ll -p 83 -e hostname & wait`;

beforeAll(async () => {
  const busybox = await createBusyboxImage(image);
  cleanUps.push(() => busybox[Symbol.asyncDispose]());
  const programs = await layPrograms("/bin/sh", "/usr/bin/python3");
  const sshdConfig = [`ForceCommand exec env PATH=${programs} /bin/sh -c "$SSH_ORIGINAL_COMMAND"`];
  lab = await startLab({
    hosts: {
      bastion: {},
      open: { hop: "bastion" },
      closed: { allowTcpForwarding: false },
      python: { allowTcpForwarding: false, sshdConfig },
    },
  });
  cleanUps.push(() => lab[Symbol.asyncDispose]());
  Object.assign(parents, {
    open: connectParent(lab, "bastion", "open"),
    closed: connectParent(lab, "closed"),
    python: connectParent(lab, "python"),
  });
  for (const parent of Object.values(parents)) cleanUps.push(() => parent[Symbol.asyncDispose]());
});

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

beforeEach(async () => {
  project = `otto-forward-${randomBytes(4).toString("hex")}`;
  container = await run();
  const listening = "until [ $(netstat -ltn | grep -c ':8[0-3] ') = 4 ]; do usleep 20000; done";
  await execute("docker", ["exec", container.id, "sh", "-c", listening]);
});

afterEach(() => container[Symbol.asyncDispose]());

/** A directory that has these programs alone. */
async function layPrograms(...paths: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "otto-forward-"));
  cleanUps.push(() => rm(directory, { recursive: true }));
  for (const path of paths) await symlink(path, join(directory, basename(path)));
  return directory;
}

function run(...flags: string[]): Promise<LabelledContainer> {
  return runLabelled({ image, project, service: "api", flags }, "sh", "-c", servers);
}

const ways = [
  ["by forwarding", "open", true],
  ["by a program on the parent, where sshd forbids forwarding", "closed", true],
  ["by a program in the container", "open", false],
] as const;

function hostOf(name: string, hasParent = true): DockerContainerHost {
  const parent = parents[name] as Parent;
  return new DockerContainerHost({
    ...{ id: `${name}.r.api`, service: "api", project, replica: 1, engine: parent.engine },
    parent: hasParent ? parent : undefined,
  });
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Unlike the consumers of node:stream, leaves the other direction open. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks).toString();
}

async function ask(port: number, sent: Buffer | string): Promise<Buffer> {
  const socket = await dial(port);
  socket.end(sent);
  return buffer(socket);
}

test.each(ways)("%s, connections at once each get their own bytes back", async (_, name, hasParent) => {
  await using forward = await hostOf(name, hasParent).forward(0, 80);
  expect(forward.address).toBe(`127.0.0.1:${forward.port}`);
  const sent = Array.from({ length: 5 }, () => randomBytes(200_000));
  const answers = await Promise.all(sent.map((bytes) => ask(forward.port, bytes)));
  expect(answers.map((answer, n) => answer.equals(sent[n] as Buffer))).toEqual(sent.map(() => true));
});

test.each(ways)(
  "%s, the end of what a client sends is passed on, and it still gets its answer",
  async (_, name, has) => {
    await using forward = await hostOf(name, has).forward(0, 81);
    expect((await ask(forward.port, "x".repeat(12_345))).toString()).toBe("got 12345\n");
  },
);

test.each(ways)("%s, 100 MB come back as they were", async (_, name, hasParent) => {
  await using forward = await hostOf(name, hasParent).forward(0, 80);
  const socket = await dial(forward.port);
  const [sent, got] = [createHash("sha256"), createHash("sha256")];
  const receiving = (async () => {
    for await (const chunk of socket as AsyncIterable<Buffer>) got.update(chunk);
  })();
  const piece = randomBytes(1024 * 1024);
  for (let n = 0; n < sizeBytes / piece.length; n += 1) {
    piece.writeUInt32BE(n);
    const copy = Buffer.from(piece);
    sent.update(copy);
    if (!socket.write(copy)) await once(socket, "drain");
  }
  socket.end();
  await receiving;
  expect(got.digest("hex")).toBe(sent.digest("hex"));
});

test("what listens on the container's loopback alone is reached", async () => {
  await using forward = await hostOf("open").forward(0, 82);
  expect((await ask(forward.port, "GET /absent HTTP/1.0\r\n\r\n")).toString()).toContain(" 404 ");
});

test.each([
  ["the parent's network", ["--network", "host"]],
  ["no network", ["--network", "none"]],
])("a container with %s is reached", async (_, flags) => {
  await container[Symbol.asyncDispose]();
  const port = await findFreePort();
  const command = ["sh", "-c", `exec nc -ll -p ${port} -e echo here`];
  container = await runLabelled({ image, project, service: "api", flags }, ...command);
  await using forward = await hostOf("open").forward(0, port);
  await expect.poll(() => ask(forward.port, "").then(String)).toBe("here\n");
});

test("the next connection reaches the container that took the place of another", async () => {
  await using forward = await hostOf("open").forward(0, 83);
  const first = (await ask(forward.port, "")).toString();
  expect(first).toBe(`${container.id.slice(0, 12)}\n`);
  await container[Symbol.asyncDispose]();
  container = await run();
  await expect.poll(() => ask(forward.port, "").then(String)).toBe(`${container.id.slice(0, 12)}\n`);
  await execute("docker", ["restart", "--time", "0", container.id]);
  await expect.poll(() => ask(forward.port, "").then(String)).toBe(`${container.id.slice(0, 12)}\n`);
});

test("a connection that leads nowhere is reset and told, and the forward goes on", async () => {
  const failures: unknown[] = [];
  await using forward = await hostOf("open").forward(0, 4, { onFailed: (error) => failures.push(error) });
  for (const count of [1, 2]) {
    const socket = await dial(forward.port);
    await new Promise((resolve) => socket.resume().once("close", resolve));
    expect(failures.length).toBe(count);
  }
  expect(failures[0]).toMatchObject({ code: "HOST_FORWARD_FAILED", message: expect.stringContaining("open.r.api:4") });
});

test("a port that is taken, or is none, and a container that is not there are errors", async () => {
  const host = hostOf("open");
  await using forward = await host.forward(0, 80);
  await expect(host.forward(forward.port, 80)).rejects.toMatchObject({ code: "HOST_PORT_UNAVAILABLE" });
  await expect(host.forward(0, 0)).rejects.toThrow(TypeError);
  await container[Symbol.asyncDispose]();
  await expect(hostOf("open").forward(0, 80)).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
});

test("closing the host closes its forwards, and resets connections that have not ended", async () => {
  const host = hostOf("open");
  const forward = await host.forward(0, 80);
  const socket = await dial(forward.port);
  socket.write("x");
  await once(socket, "data");
  const closed = once(socket, "end").catch((error: NodeJS.ErrnoException) => error.code);
  await host[Symbol.asyncDispose]();
  await forward.closed;
  expect(await closed).toBe("ECONNRESET");
  await expect(dial(forward.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

async function serve(onClient: (client: Socket) => void): Promise<Server & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, onClient);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, { [Symbol.asyncDispose]: async () => void server.close() });
}

const usrOfThisMachine = ["/usr", "/lib", "/lib64"].flatMap((path) => ["--volume", `${path}:${path}:ro`]);

test.each<[string, () => Promise<ForwardingHost>]>([
  ["by forwarding", async () => parents.open as Parent],
  ["by perl on the parent", async () => parents.closed as Parent],
  ["by python3 on the parent", async () => parents.python as Parent],
  [
    "by perl in the container",
    async () => {
      await container[Symbol.asyncDispose]();
      container = await run("--network", "host", ...usrOfThisMachine);
      return hostOf("open", false);
    },
  ],
])("%s, the server may end first: the client is told at once, and what it sends still comes", async (_, find) => {
  let heard = Promise.resolve("");
  await using server = await serve((client) => {
    heard = readAll(client);
    client.end("server first");
  });
  await using forward = await (await find()).forward(0, (server.address() as AddressInfo).port);
  const socket = await dial(forward.port);
  expect(await readAll(socket)).toBe("server first");
  // More than the way holds: the client is done with it long before the server.
  const after = "client after".repeat(500_000);
  socket.end(after);
  await once(socket, "close");
  expect((await heard) === after).toBe(true);
});
