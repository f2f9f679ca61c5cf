import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { link, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { DockerContainerHost } from "@otto/hosts";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FilePlaces, startFilePlaces } from "./file-places.js";
import { makeFiles, readFiles } from "./file-trees.js";

const execute = promisify(execFile);
const volume = `otto-files-${randomBytes(4).toString("hex")}`;
let places: FilePlaces;
let here: string;

beforeAll(async () => {
  places = await startFilePlaces();
  const options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m"];
  await execute("docker", ["volume", "create", ...options, volume]);
});

afterAll(async () => {
  await places[Symbol.asyncDispose]();
  await execute("docker", ["volume", "rm", volume]);
});

beforeEach(async () => {
  here = await mkdtemp(join(places.directory, "here-"));
});

async function read(host: DockerContainerHost, path: string): Promise<string> {
  return (await host.exec(["cat", path])).stdout.toString();
}

test("a disk that fills up is told with path and reason, and keeps what was there", async () => {
  const host = await places.startContainer(["--volume", `${volume}:/small`]);
  await makeFiles(here, { f: "old" });
  await host.put(`${here}/f`, "/small/");
  await writeFile(join(here, "f"), randomBytes(3_000_000));
  await expect(host.put(`${here}/f`, "/small/")).rejects.toMatchObject({
    code: "FILES_COPY_FAILED",
    message: expect.stringMatching(/\/small.*no space left/i) as string,
  });
  expect((await host.exec("ls -A /small; cat /small/f")).stdout.toString()).toBe("f\nold");
});

test("a read-only root is told, and what is mounted on it is written to", async () => {
  const host = await places.startContainer(["--read-only", "--tmpfs", "/scratch", "--volume", `${volume}:/small`]);
  await makeFiles(here, { "t/f": "F", "t/g": "G" });
  await expect(host.put(`${here}/t`, "/srv/new")).rejects.toMatchObject({
    code: "FILES_COPY_FAILED",
    message: expect.stringMatching(/\/srv.*read-only/i) as string,
  });
  for (const directory of ["/scratch", "/small"]) {
    await host.put(`${here}/t`, `${directory}/deep/`, { mode: 0o640 });
    expect(await read(host, `${directory}/deep/f`)).toBe("F");
    await host.get(`${directory}/deep`, `${here}/back${directory}`);
    expect(await readFiles(`${here}/back${directory}`)).toEqual({ f: "F", g: "G" });
  }
});

test("a file that is itself a mount is written in place", async () => {
  await makeFiles(here, { conf: "old", new: "new" });
  const host = await places.startContainer(["--volume", `${here}/conf:/etc/app.conf`]);
  await host.put(`${here}/new`, "/etc/app.conf");
  expect(await read(host, "/etc/app.conf")).toBe("new");
  expect(await readFile(join(here, "conf"), "utf8")).toBe("new");
});

test("a running container that makes links, devices and odd modes harms nothing here", async () => {
  const host = await places.startContainer([]);
  await makeFiles(here, { "outside/secret": "untouched" });
  await link(join(here, "outside/secret"), join(here, "second"));
  const script = `mkdir -p /evil/dir /dev-dir /fifo-dir && cd /evil &&
    ln -s ${here}/outside out && echo x >f && chmod 4755 f && ln f hard && chmod 1777 dir &&
    mknod /dev-dir/null c 1 3 && mkfifo /fifo-dir/fifo`;
  expect((await host.exec(script)).exitCode).toBe(0);
  await mkdir(join(here, "got"));
  await host.get("/evil", `${here}/got/`);
  expect(await readFiles(join(here, "got/evil"))).toEqual({
    "dir/": "",
    f: "x\n",
    hard: "x\n",
    out: `> ${here}/outside`,
  });
  expect((await stat(join(here, "got/evil/f"))).mode & 0o7777).toBe(0o755);
  // What is there now leads outside: a second copy of a tree in its place is refused.
  await host.exec("rm /evil/out && mkdir /evil/out && echo gone >/evil/out/secret");
  await expect(host.get("/evil", `${here}/got/`)).rejects.toMatchObject({ code: "FILES_CONFLICT" });
  for (const directory of ["/dev-dir", "/fifo-dir"]) {
    await expect(host.get(directory, `${here}/got/`)).rejects.toMatchObject({ code: "FILES_SPECIAL" });
  }
  expect(await readFile(join(here, "outside/secret"), "utf8")).toBe("untouched");
  expect(await readdir(join(here, "got"))).toEqual(["evil"]);
});

test("a process that is killed while it puts leaves the old file whole", async () => {
  const host = await places.startContainer([]);
  await writeFile(join(here, "f"), "old");
  await host.put(`${here}/f`, "/srv/");
  await writeFile(join(here, "f"), randomBytes(60_000_000));
  const script = fileURLToPath(new URL("put-and-tell.js", import.meta.url));
  const { project, service } = host;
  const putting = spawn(process.execPath, [script, project, service, `${here}/f`, "/srv/"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(putting.stdout, "data");
  putting.kill("SIGKILL");
  await once(putting, "close");
  expect(await read(host, "/srv/f")).toBe("old");
});

test("a container that was recreated is found again", async () => {
  const host = await places.startContainer([]);
  await makeFiles(here, { f: "F" });
  await host.put(`${here}/f`, "/srv/");
  const filter = `label=com.docker.compose.service=${host.service}`;
  const project = `label=com.docker.compose.project=${host.project}`;
  const { stdout } = await execute("docker", ["ps", "-q", "--filter", filter, "--filter", project]);
  await execute("docker", ["restart", "-t", "0", stdout.trim()]);
  await host.get("/srv/f", `${here}/back`);
  expect(await readFile(join(here, "back"), "utf8")).toBe("F");
});
