import { lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, labJson, recordEngineEvents, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"parent">;
let repo: TestRepo;
beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  // What is staged on the parent lies in the repo's directory too, so that one look sees both sides.
  const docker = { staging_root: join(repo.root, "parent-side") };
  const hosts = labJson(lab, "veg").hosts.map((host) => ({ ...host, docker: { ...host.docker, ...docker } }));
  await repo.write("lab.json", JSON.stringify({ hosts }));
  await repo.write(".otto/instructions.ts", instructions);
  await repo.write("node_modules/vitest/package.json", '{"name": "vitest", "bin": {"vitest": "run.mjs"}}');
  await repo.write(
    "node_modules/vitest/run.mjs",
    'import { writeFileSync } from "node:fs";\nwriteFileSync("ran", "");\n',
  );
  await mkdir(join(repo.root, "home/.cache"));
  await mkdir(join(repo.root, "elsewhere"));
  await repo.write("elsewhere/Dockerfile", "FROM scratch\n");
  await repo.write("up.json", JSON.stringify({ traceEvents: [{ name: "up", ph: "X", ts: 0, dur: 1 }] }));
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const instructions = `import { writeFileSync } from "node:fs";
import { instruction } from "@otto/instructions";
export const mark = instruction({ description: "leaves a file" }, async () => writeFileSync("ran", ""));
`;

/** A command line of each command that changes something, by the command. */
const changing: Readonly<Record<string, (repo: TestRepo) => readonly string[]>> = {
  "docker build": () => ["docker", "build", "--rebuild"],
  "docker up": () => ["docker", "up"],
  "docker down": () => ["docker", "down", "--volumes"],
  "docker exec": () => ["docker", "exec", "api", "touch", "/ran"],
  "docker run": () => ["docker", "run", "api", "touch", "/ran"],
  "docker test": () => ["docker", "test", "api", "touch", "/ran"],
  "docker cp": () => ["docker", "cp", "docker/marker", "api:/copied"],
  "docker pull": () => ["docker", "pull"],
  "docker stop": () => ["docker", "stop"],
  "docker start": () => ["docker", "start"],
  "docker restart": () => ["docker", "restart"],
  "docker kill": () => ["docker", "kill"],
  "docker pause": () => ["docker", "pause"],
  "docker unpause": () => ["docker", "unpause"],
  "host exec": ({ root }) => ["host", "parent", "exec", "touch", join(root, "ran")],
  "host run": ({ root }) => ["host", "parent", "run", `touch ${join(root, "ran")}`],
  "host put": ({ root }) => ["host", "parent", "put", "docker/marker", join(root, "put-here")],
  "host get": ({ root }) => ["host", "parent", "get", join(root, "docker/marker"), "got-here"],
  "host forward": () => ["host", "parent", "forward", ":80"],
  "host login": () => ["host", "parent", "login"],
  run: () => ["run", "mark"],
  test: () => ["test"],
  trust: () => ["trust"],
  lab: () => ["lab", "add", "ci@10.0.0.7"],
  "lab reserve": () => ["lab", "reserve", "parent", "--for", "1h", "--break"],
  "lab release": () => ["lab", "release", "parent"],
  "lab extend": () => ["lab", "extend", "parent", "--for", "1h"],
  init: () => ["init", "--here", "--compose"],
};

/** Those that change nothing anyway. */
const looking: Readonly<Record<string, (repo: TestRepo) => readonly string[]>> = {
  "docker ps": () => ["docker", "ps", "--all"],
  "docker images": () => ["docker", "images"],
  "docker top": () => ["docker", "top"],
  "docker stats": () => ["docker", "stats", "--no-stream"],
  "docker config": () => ["docker", "config"],
  "docker wait": () => ["docker", "wait", "--dry-run"],
  "docker inspect": () => ["docker", "inspect"],
  "docker port": () => ["docker", "config", "--services"],
  "docker logs": () => ["docker", "logs"],
  "docker graph": () => ["docker", "graph"],
  "host logs": ({ name }) => ["host", `parent.${name}.api`, "logs"],
  trace: () => ["trace", "up.json"],
  doctor: () => ["doctor", "parent"],
  schema: () => ["schema", "lab"],
  completion: () => ["completion", "fish", "--", "docker", ""],
  "--list-hosts": () => ["--list-hosts"],
  "--list-labs": () => ["--list-labs"],
};

test("each command is either tried here or known to change nothing", async () => {
  const words = async (...line: string[]) => {
    const { stdout } = await runOtto(repo.place, ["completion", "bash", "--", ...line, ""]);
    return stdout.trimEnd().split("\n");
  };
  const docker = (await words("docker")).map((verb) => `docker ${verb}`);
  const host = (await words("host", "parent")).map((verb) => `host ${verb}`);
  // The short forms of docker's verbs are the same commands.
  const isPlain = (word: string) => word !== "docker" && word !== "host" && !docker.includes(`docker ${word}`);
  const plain = (await words()).filter(isPlain);
  const all = [...docker, ...host, ...plain];
  expect(all.length).toBeGreaterThan(10);
  expect(all.filter((command) => !(command in { ...changing, ...looking }))).toEqual([]);
});

/** What there must be something for. */
const needsStack = ["docker down", "docker cp"];

/** All files with their sizes, modes and times, but for what otto keeps to be faster. */
async function readFiles(): Promise<readonly string[]> {
  const paths = await readdir(repo.root, { recursive: true });
  const lines = paths
    .filter((path) => !path.startsWith("home/.cache"))
    .map(async (path) => {
      const { size, mode, mtimeMs, ino } = await lstat(join(repo.root, path));
      return [path, size, mode, mtimeMs, ino].join(" ");
    });
  return (await Promise.all(lines)).sort();
}

/** What the engine did to things of this repo while it ran. */
async function recordEvents(work: () => Promise<unknown>): Promise<readonly string[]> {
  const events = await recordEngineEvents(work);
  return events.map((event) => JSON.stringify(event)).filter((event) => event.includes(repo.name));
}

async function expectNoChange(command: string): Promise<void> {
  const argv = changing[command]?.(repo) ?? [];
  const place = command === "init" ? { ...repo.place, cwd: join(repo.root, "elsewhere") } : repo.place;
  const files = await readFiles();
  const events = await recordEvents(async () => {
    const { exitCode, lines } = await runJson(place, ["--dry-run", ...argv]);
    expect([command, exitCode]).toEqual([command, 0]);
    expect(lines.map(({ type }) => type)).toContain("step");
  });
  expect(await readFiles()).toEqual(files);
  expect(events).toEqual([]);
}

// One story: what a dry run leaves alone is first nothing, then a running stack.
test("a dry run of a command changes nothing on either side, whether the stack is up or not", async () => {
  for (const command of Object.keys(changing)) {
    if (!needsStack.includes(command)) await expectNoChange(command);
  }
  const files = await readFiles();
  const events = await recordEvents(async () => {
    expect((await runOtto(repo.place, ["docker", "up", "--quiet"])).exitCode).toBe(0);
  });
  expect(events.length).toBeGreaterThan(0);
  expect(await readFiles()).not.toEqual(files);
  await repo.write("docker/marker", "second\n");
  for (const command of Object.keys(changing)) await expectNoChange(command);
  // Each line of theirs is held to its schema.
  for (const [command, argvOf] of Object.entries(looking)) {
    const { exitCode, lines } = await runJson(repo.place, argvOf(repo));
    expect([command, exitCode]).toEqual([command, 0]);
    // A log may be empty.
    expect(lines.length).toBeGreaterThan(command.endsWith("logs") ? 0 : 1);
  }
});
