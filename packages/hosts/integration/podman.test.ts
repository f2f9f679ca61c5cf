import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { layBusybox, podman, startEngine, type TestEngine } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);
let directory: string;
let engine: TestEngine;
let parent: Parent;
let host: DockerContainerHost;

const docker = (...argv: string[]) => execute("docker", ["--host", engine.address, ...argv]);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-podman-"));
  engine = await startEngine(podman);
  parent = createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: engine.socketPath,
    env: process.env,
  });
  await layBusybox(join(directory, "root"));
  await execute("tar", ["-C", join(directory, "root"), "-cf", join(directory, "root.tar"), "."]);
  await docker("import", join(directory, "root.tar"), "box:1");
  const labels = ["project=pod", "service=api"].flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  const serve = "nc -ll -p 80 -e cat & exec sleep infinity";
  await docker("run", "--detach", "--name", "pod", "--stop-timeout", "0", ...labels, "box:1", "sh", "-c", serve);
  const place = { id: "local.r.api", service: "api", project: "pod", replica: 1 };
  host = new DockerContainerHost({ ...place, engine: parent.engine, parent });
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await docker("rm", "--force", "pod");
  await parent[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

test.each([0, 7, 125, 126, 127, 255])("the exit code %i of a command is that of exec and run", async (code) => {
  const expected = { exitCode: code, stdout: Buffer.from("out\n") };
  expect(await host.exec(["sh", "-c", `echo out; exit ${code}`])).toMatchObject(expected);
  expect(await host.run(`(echo out; exit ${code})`)).toMatchObject(expected);
});

test("a program that is not there is an error", async () => {
  await expect(host.exec(["/nope"])).rejects.toMatchObject({ code: "HOST_COMMAND_NOT_STARTED" });
});

test("a tree goes there and comes back as it was", async () => {
  const tree = join(directory, "tree");
  await execute("mkdir", ["-p", join(tree, "sub/empty")]);
  await writeFile(join(tree, "sub/a file"), "content");
  await host.put([tree], "/tmp/");
  await host.get(["/tmp/tree"], join(directory, "back"));
  expect(await readFile(join(directory, "back/sub/a file"), "utf8")).toBe("content");
  await execute("diff", ["--recursive", tree, join(directory, "back")]);
});

test("a port is forwarded to the container", async () => {
  await using forward = await host.forward(0, 80);
  const socket = connect(forward.port, "127.0.0.1");
  await once(socket, "connect");
  socket.end("hello");
  expect(await text(socket)).toBe("hello");
});
