import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost, type Parent } from "@otto/hosts";
import { dockerd, layBusybox, startEngine, type TestEngine } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);
let disk: string;
let engine: TestEngine;
let parent: Parent;
let host: DockerContainerHost;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), "otto-disk-"));
  await execute("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", disk]);
  await mkdir(join(disk, "data"));
  engine = await startEngine((places) => dockerd({ ...places, dataRoot: join(disk, "data") }));
  const docker = (...argv: string[]) => execute("docker", ["--host", engine.address, ...argv]);
  await layBusybox(join(disk, "root"));
  await execute("sh", [
    "-c",
    `tar -C "$1" -c . | docker --host "$2" import - box:1`,
    "sh",
    join(disk, "root"),
    engine.address,
  ]);
  await rm(join(disk, "root"), { recursive: true });
  await docker(
    "run",
    "--detach",
    "--name",
    "full",
    "--label",
    "com.docker.compose.project=full",
    "--label",
    "com.docker.compose.service=api",
    "--network",
    "none",
    "--stop-timeout",
    "0",
    "box:1",
    "sleep",
    "infinity",
  );
  parent = createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: engine.socketPath,
    env: process.env,
  });
  const place = { id: "local.r.api", service: "api", project: "full", replica: 1 };
  host = new DockerContainerHost({ ...place, engine: parent.engine, parent });
  await execute("sh", ["-c", 'cat /dev/zero >"$1" || test $? = 1', "sh", join(disk, "ballast")]).catch(() => {});
});

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await execute("umount", ["--lazy", disk]);
  await rm(disk, { recursive: true, force: true });
});

test("commands run in containers of an engine whose disk is full", async () => {
  const expected = { exitCode: 7, stdout: Buffer.from("out\n") };
  expect(await host.exec(["sh", "-c", "echo out; exit 7"])).toMatchObject(expected);
  expect(await host.run("(echo out; exit 7)")).toMatchObject(expected);
});

test("what cannot be written is said in the engine's words", async () => {
  await expect(host.put([process.execPath], "/big")).rejects.toThrow("no space left on device");
});
