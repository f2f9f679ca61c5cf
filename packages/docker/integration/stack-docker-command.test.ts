import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeDown, composePs, composeUp, planComposeUp } from "@otto/docker";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterEach, expect, test } from "vitest";
import { createStackChildren, endOf } from "./stack-children.js";
import { left, nothing, placeStackRepo, processesOf } from "./stack-lab.js";

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function place(running: RunningLab, compose: string, command: readonly string[]) {
  const placed = await placeStackRepo(running, compose, { docker: { command } });
  open.push(placed);
  return placed;
}

const variables = `services:
  a: { image: "$IMAGE", init: true, environment: ["SAID=\${SAID}", "PARENT=\${USER:-none}"] }
`;
const neverUp = `services:
  a: { image: "$IMAGE", init: true, healthcheck: { test: "false", interval: 60s, start_period: 60s } }
  b: { image: "$IMAGE", init: true, depends_on: { a: { condition: service_healthy } } }
`;
const odd = `it's "odd" $5 \\n \\\\ ü`;

test.each<[string, (directory: string) => Promise<string[]>]>([
  ["docker.command hands no variables on", async () => ["env", "-i", "PATH=/usr/bin:/bin", "docker"]],
  [
    "compose is no plugin but a program of its own",
    async (directory) => [await layBinary(directory, "exec /usr/libexec/docker/cli-plugins/docker-compose")],
  ],
])("variables of any text arrive where %s", async (_, command) => {
  process.env.SAID = odd;
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const { lab, repo } = await place(running, variables, await command(running.directory));
  const { a } = await composeUp(repo, lab);
  expect((await a?.exec('printf %s "$SAID $PARENT"'))?.stdout.toString()).toBe(`${odd} ${process.env.USER ?? "none"}`);
  delete process.env.SAID;
});

test("no file of the parent ever holds a variable's value, also when its user is killed", async () => {
  const value = `canary-${randomBytes(8).toString("hex")}`;
  process.env.SAID = value;
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const marker = join(running.hosts.parent?.homePath ?? "", "composing");
  const pausing = `case "$*" in *" up "*) : >${marker}; sleep 600 ;; esac\nexec docker "$@"`;
  const { stack } = await place(running, variables, [await layProgram(running.directory, "pausing", pausing)]);
  const { start, killAll } = createStackChildren(() => ({ root: stack.root, home: running.directory }));
  const up = start("up");
  await expect.poll(() => existsSync(marker)).toBe(true);
  expect(await filesWith(value)).toEqual([]);
  const exit = endOf(up);
  killAll();
  await exit;
  await expect.poll(() => processesOf(stack.project)).toEqual([]);
  expect(await filesWith(value)).toEqual([]);
  delete process.env.SAID;
});

/** Files that hold a text, where temporary, staged and locked things are. */
async function filesWith(text: string): Promise<string[]> {
  const places = [tmpdir(), "/run/lock", "/run/user", "/dev/shm", join(homedir(), ".cache/otto")].filter((path) =>
    existsSync(path),
  );
  const script = 'grep -rlF --devices=skip -e "$@" 2>/dev/null || [ $? -le 2 ]';
  const { stdout } = await promisify(execFile)("sh", ["-c", script, "sh", text, ...places]);
  return stdout.split("\n").filter((path) => path !== "");
}

test("a key of a newer Compose that names a file which was not sent is refused, before anything is sent or started", async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  // As a Compose of later would print it.
  const newer = `case "$*" in *" config "*) docker "$@" | sed 's|"init": true|&, "notes_file": "./notes.txt"|' ;; *) exec docker "$@" ;; esac`;
  const command = [await layProgram(running.directory, "newer", newer)];
  const { stack, lab, repo } = await place(running, 'services: { a: { image: "$IMAGE", init: true } }\n', command);
  await composeUp(repo, lab);
  await stack.write("notes.txt", "not sent");
  await stack.write("compose.yml", 'services: { a: { image: "$IMAGE", init: true, hostname: other } }\n');
  const refused = { code: "COMPOSE_KEY_UNSUPPORTED", details: { key: "services.a.notes_file", path: "notes.txt" } };
  const before = await left(stack.project);
  await expect(planComposeUp(repo, lab)).rejects.toMatchObject(refused);
  await expect(composeUp(repo, lab)).rejects.toMatchObject(refused);
  expect(await left(stack.project)).toEqual(before);
});

test("docker-compose of version 1 is refused with a hint", async () => {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const command = [await layBinary(running.directory, "echo 1.29.2 #")];
  const { lab, repo } = await place(running, variables, command);
  await expect(composeUp(repo, lab)).rejects.toMatchObject({
    code: "COMPOSE_MISSING",
    message: expect.stringContaining("1.29.2 is too old"),
    hint: expect.stringContaining("Docker Compose 2"),
  });
});

test("a login that may run docker by sudo alone brings a stack up and takes it down", async () => {
  process.env.SAID = odd;
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } }, engineAccess: "sudo" });
  const { stack, lab, repo } = await place(running, variables, ["sudo", "-n", "docker"]);
  const parent = lab.parentFor(repo);
  const processes = () => processesOf(stack.project);
  expect((await parent.exec("docker ps")).exitCode).not.toBe(0);
  const { a } = await composeUp(repo, lab);
  expect((await a?.exec('printf %s "$SAID $PARENT"'))?.stdout.toString()).toBe(`${odd} ${process.env.USER ?? "none"}`);
  await expect.poll(processes).toEqual([]);
  expect((await composePs(parent)).map(({ Names }) => Names)).toContain(`${stack.project}-a-1`);
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await left(stack.project)).toEqual(nothing);
  await stack.write("compose.yml", neverUp);
  await expect(composeUp(repo, lab, { readyTimeoutMs: 2000 })).rejects.toMatchObject({ code: "COMPOSE_NOT_READY" });
  expect(await left(stack.project)).toEqual(nothing);
  await expect.poll(processes).toEqual([]);
  delete process.env.SAID;
});

async function layProgram(directory: string, name: string, script: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** A docker without the compose plugin, and a docker-compose beside it. */
async function layBinary(directory: string, compose: string): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "docker"), '#!/bin/sh\n[ "$3" != compose ] || exit 1\nexec docker "$@"\n');
  await writeFile(join(bin, "docker-compose"), `#!/bin/sh\n${compose} "$@"\n`);
  for (const name of ["docker", "docker-compose"]) await chmod(join(bin, name), 0o755);
  return join(bin, "docker");
}
