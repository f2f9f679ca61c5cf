import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, link, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost } from "@otto/hosts";
import type { TestImage } from "@otto/lab";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FilePlaces, startFilePlaces } from "./file-places.js";
import { makeFiles, readFiles } from "./file-trees.js";
import { runLabelled } from "./labelled-container.js";
import { createShellImage } from "./shell-images.js";

const execute = promisify(execFile);
const volume = `otto-files-${randomBytes(4).toString("hex")}`;
const docker = { command: ["docker"], stagingRoot: undefined };
const parent = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
const cleanUps: AsyncDisposable[] = [parent];
let places: FilePlaces;
let bare: TestImage;
let here: string;

beforeAll(async () => {
  places = await startFilePlaces();
  bare = await createShellImage("none");
  cleanUps.push(bare);
  // 1 MiB, in pages: Podman takes `size` for a quota of the disk that its volumes are on.
  const options = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=nr_blocks=256"];
  await execute("docker", ["volume", "create", ...options, volume]);
});

afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp[Symbol.asyncDispose]();
  await places[Symbol.asyncDispose]();
  await execute("docker", ["volume", "rm", volume]);
});

beforeEach(async () => {
  here = await mkdtemp(join(places.directory, "here-"));
});

/** A container without a shell; what `docker exec` of busybox's programs does there, it does. */
async function startBare(flags: readonly string[]) {
  const names = { project: `otto-bare-${randomBytes(4).toString("hex")}`, service: "api" };
  const container = await runLabelled({ image: bare.tag, ...names, flags });
  cleanUps.push(container);
  const host = new DockerContainerHost({ id: "local.bare.api", ...names, replica: 1, engine: parent.engine });
  cleanUps.push(host);
  return { host, id: container.id };
}

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

test("directories that are there keep their modes, in a container with a shell and without one", async () => {
  await makeFiles(here, { "d/f": "F", "d/s/g": "G", "d/n/o/h": "H" });
  await chmod(`${here}/d/n`, 0o750);
  await mkdir(`${here}/empty/s`, { recursive: true });
  for (const host of [await places.startContainer([]), (await startBare([])).host]) {
    await host.exec(["mkdir", "-m", "700", "/d"]);
    await host.exec(["mkdir", "-m", "711", "/d/s"]);
    await host.put(`${here}/d`, "/");
    await host.put(`${here}/empty/s`, "/d/");
    const { stdout } = await host.exec(["stat", "-c", "%a %n", "/d", "/d/s", "/d/n", "/d/n/o", "/d/s/g", "/d/n/o/h"]);
    expect(stdout.toString()).toBe("700 /d\n711 /d/s\n750 /d/n\n755 /d/n/o\n644 /d/s/g\n644 /d/n/o/h\n");
  }
});

test("a refusal has the engine's words and the host's name, and no id", async () => {
  const flags = ["--read-only", "--volume", `${here}:/fixed:ro`];
  const hosts = [await places.startContainer(flags), (await startBare(flags)).host];
  await makeFiles(here, { f: "F" });
  for (const host of hosts) {
    for (const [target, reason] of [
      ["/new", "container rootfs is marked read-only"],
      ["/fixed/new", "mounted volume is marked read-only"],
    ] as const) {
      await expect(host.put(`${here}/f`, target)).rejects.toMatchObject({
        code: "FILES_COPY_FAILED",
        message: `writing to ${dirname(target)} on ${host.id}: ${reason}`,
      });
    }
  }
});

test("in a container without a shell a tmpfs is refused by its path, and all beside it is written as docker cp does", async () => {
  const { host, id } = await startBare(["--tmpfs", "/tm"]);
  await makeFiles(here, { f: "F", "t/g": "G", "t/s/h": "H", "u/tm/x": "X" });
  await host.put(`${here}/f`, "/newfile");
  await host.put(`${here}/t`, "/newtree");
  await host.put(`${here}/t/.`, "/");
  await host.put(`${here}/f`, "/tmx");
  for (const [source, target] of [
    ["f", "/cp-file"],
    ["t", "/cp-tree"],
  ] as const) {
    await execute("docker", ["cp", `${here}/${source}`, `${id}:${target}`]);
  }
  for (const path of ["/newfile", "/newtree", "/g", "/s/h", "/tmx", "/cp-file", "/cp-tree"]) {
    await execute("docker", ["cp", `${id}:${path}`, `${here}/back${path.replaceAll("/", "-")}`]);
  }
  for (const name of ["newfile", "g", "s-h", "tmx"]) {
    expect(await readFile(`${here}/back-${name}`, "utf8")).toBe({ g: "G", "s-h": "H" }[name] ?? "F");
  }
  expect(await readFiles(`${here}/back-newtree`)).toEqual(await readFiles(`${here}/back-cp-tree`));
  await execute("docker", ["exec", id, "ln", "-s", "/tm", "/way"]);
  for (const [source, target] of [
    ["f", "/tm/f"],
    ["f", "/tm"],
    ["f", "/way/f"],
    ["f", "/way/deep/f"],
    ["u/.", "/"],
  ] as const) {
    await expect(host.put(`${here}/${source}`, target)).rejects.toMatchObject({
      code: "FILES_COPY_FAILED",
      message: expect.stringMatching(/^reaching \/.* on local.bare.api: it lies in a mount/) as string,
    });
  }
  await expect(host.get("/tm/f", here)).rejects.toMatchObject({ code: "FILES_COPY_FAILED" });
  expect((await execute("docker", ["exec", id, "ls", "-A", "/tm"])).stdout).toBe("");
});

test("a tmpfs is written to through a link, and beside what stands on the root", async () => {
  const host = await places.startContainer(["--tmpfs", "/tm"]);
  await makeFiles(here, { f: "F", "t/tm/x": "X", "t/beside": "B" });
  await host.exec("ln -s /tm /way");
  await host.put(`${here}/f`, "/way/deep/f");
  await host.put(`${here}/t/.`, "/");
  const { stdout } = await host.exec("cat /tm/deep/f /tm/x /beside");
  expect(stdout.toString()).toBe("FXB");
  await host.get("/way/deep", `${here}/back`);
  expect(await readFiles(`${here}/back`)).toEqual({ f: "F" });
});

test("a file that is itself a mount is written in place", async () => {
  await makeFiles(here, { conf: "old", new: "new" });
  const host = await places.startContainer(["--volume", `${here}/conf:/etc/app.conf`]);
  await host.put(`${here}/new`, "/etc/app.conf");
  expect(await read(host, "/etc/app.conf")).toBe("new");
  expect(await readFile(join(here, "conf"), "utf8")).toBe("new");
});

test("a running container that makes links, devices and odd modes harms nothing here", async () => {
  const host = await places.startContainer(["--cap-add", "MKNOD"]);
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

/** Directories of this machine with a link in them, one for each of two programs. */
async function makeLinked(name: string): Promise<readonly [ours: string, theirs: string]> {
  const sides = [join(here, `${name}-ours`), join(here, `${name}-theirs`)] as const;
  for (const side of sides) {
    await makeFiles(side, { f: "F", "t/g": "G", "real/f": "behind the link", "real/sub/": "" });
    await symlink("real/sub", join(side, "link"));
  }
  return sides;
}

test("get writes where docker cp does, and makes nothing that `..` leads out of", async () => {
  const { host, id } = await startBare([]);
  await makeFiles(here, { "source/f": "G", "source/t/h": "H" });
  await host.put(`${here}/source`, "/source");
  for (const [index, [source, destination]] of [
    ["f", "missing/../new"],
    ["t", "missing/deeper/../../new"],
    ["t/.", "./missing/./../d"],
    ["t", "missing/../d/."],
    ["f", "link/../new"],
    ["t", "link/.."],
  ].entries()) {
    const [ours, theirs] = await makeLinked(`${index}`);
    for (const side of [ours, theirs]) await mkdir(join(side, "d"));
    await host.get(`/source/${source}`, `${relative(process.cwd(), ours)}/${destination}`);
    await execute("docker", ["cp", `${id}:/source/${source}`, `${relative(process.cwd(), theirs)}/${destination}`]);
    expect(await readFiles(ours), `${source} to ${destination}`).toEqual(await readFiles(theirs));
  }
});

test("put reads what docker cp does where `..` leads out of a link, or of what is missing", async () => {
  const { host, id } = await startBare([]);
  const [ours, theirs] = await makeLinked("put");
  for (const [index, source] of ["missing/../f", "link/../f", "link/../t/.", "missing/../t/"].entries()) {
    await host.put(`${ours}/${source}`, `/missing/../ours-${index}`);
    await execute("docker", ["cp", `${theirs}/${source}`, `${id}:/missing/../theirs-${index}`]);
    const back = (side: string) => join(here, "back", `${index}`, side);
    for (const side of ["ours", "theirs"]) await host.get(`/${side}-${index}`, back(side));
    const found = await readTop(back("ours"));
    expect(found, source).toEqual(await readTop(back("theirs")));
  }
  await expect(host.get("/missing", here)).rejects.toMatchObject({ code: "FILES_NOT_FOUND" });
});

/** A file's content, or what a directory holds. */
async function readTop(path: string): Promise<unknown> {
  return (await stat(path)).isDirectory() ? readFiles(path) : readFile(path, "utf8");
}
