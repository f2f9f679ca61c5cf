import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { layBusybox } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clearEngine } from "./engine-state.js";
import { type Run, runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";

const execute = promisify(execFile);
const dockerfile = 'FROM scratch\nCOPY root /\nCMD ["sleep", "infinity"]\n';
const base = `initbase${randomBytes(4).toString("hex")}`;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-init-"));
  await layBusybox(join(scratch, "base/root"));
  await writeFile(join(scratch, "base/Dockerfile"), dockerfile);
  // What a development container names as it is; no registry has it.
  await execute("docker", ["build", "--quiet", "--tag", `${base}:1`, join(scratch, "base")]);
});
afterAll(async () => {
  await execute("docker", ["image", "rm", "--force", `${base}:1`]);
  await rm(scratch, { recursive: true });
});

type Files = Readonly<Record<string, string>>;

/** A project with these files; each Dockerfile finds a busybox beside it. */
async function createProject(files: Files) {
  const name = `init${randomBytes(4).toString("hex")}`;
  const root = join(scratch, name);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    if (path.endsWith("Dockerfile")) await layBusybox(join(root, dirname(path), "root"));
  }
  await mkdir(root, { recursive: true });
  const env = { HOME: join(root, "home"), OTTO_COMPOSE_SUFFIX: "ci" };
  const place = { cwd: root, env };
  return {
    name,
    root,
    place,
    otto: (...argv: readonly string[]): Promise<Run> => runOtto(place, argv),
    async services(): Promise<string[]> {
      const filter = ["--filter", `label=com.docker.compose.project=otto-${name}-ci`, "--format"];
      const { stdout } = await execute("docker", ["ps", ...filter, '{{.Label "com.docker.compose.service"}}']);
      return stdout.trim().split("\n").sort();
    },
    async [Symbol.asyncDispose]() {
      await clearEngine(name);
      await rm(root, { recursive: true });
    },
  };
}

const compose = (services: string) => `services:\n${services}`;

test.concurrent.each<[string, Files, readonly string[], readonly string[]]>([
  ["one Dockerfile", { Dockerfile: dockerfile }, ["--compose"], ["app"]],
  ["two Dockerfiles", { "api/Dockerfile": dockerfile, "web/Dockerfile": dockerfile }, ["--compose"], ["api", "web"]],
  [
    "a Compose file that builds",
    { "compose.yml": compose("  api: { build: ./api, init: true }\n"), "api/Dockerfile": dockerfile },
    [],
    ["api"],
  ],
  [
    "a development container of a Dockerfile",
    {
      ".devcontainer/devcontainer.json": '{ // comment\n "build": { "dockerfile": "Dockerfile" }, }',
      ".devcontainer/Dockerfile": dockerfile,
    },
    ["--compose"],
    ["dev"],
  ],
  ["a development container of an image", { ".devcontainer.json": `{ "image": "${base}:1" }` }, ["--compose"], ["dev"]],
  [
    "a development container of Compose files",
    {
      ".devcontainer/devcontainer.json": '{ "dockerComposeFile": "stack.yml", "service": "app" }',
      ".devcontainer/stack.yml": compose(`  app: { image: "${base}:1", init: true }\n`),
    },
    [],
    ["app"],
  ],
])("after init in a project with %s, up works", async (_, files, flags, services) => {
  await using project = await createProject(files);
  const made = await project.otto("init", ...flags);
  expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("next: otto up") });
  const up = await project.otto("up");
  expect(up.exitCode, up.stderr).toBe(0);
  expect(await project.services()).toEqual(services);
  expect((await project.otto("down")).exitCode).toBe(0);
});

test("settings of a development container get a Compose file afterwards, too", async () => {
  await using project = await createProject({ ".devcontainer.json": `{ "image": "${base}:1" }` });
  const made = await project.otto("init");
  expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("otto init --compose") });
  const added = await project.otto("init", "--compose");
  expect(added).toMatchObject({ exitCode: 0, stderr: "info: next: otto up\n" });
  expect((await project.otto("up", "--dry-run")).stdout).toContain("dev: create");
});

test("in a directory with nothing, init writes nothing and says what to write; with that, up needs no init", async () => {
  await using project = await createProject({});
  const { exitCode, stdout, stderr } = await project.otto("init");
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error\[CLI_INIT_NOTHING\]: /);
  expect(await readdir(project.root)).toEqual([]);
  await writeFile(join(project.root, "compose.yaml"), compose(`  web: { image: "${base}:1", init: true }\n`));
  expect((await project.otto("up")).exitCode).toBe(0);
  expect(await project.services()).toEqual(["web"]);
  expect((await project.otto("down")).exitCode).toBe(0);
});

test("below a repository with settings, init finds them, and writes its own only when told", async () => {
  await using project = await createProject({ Dockerfile: dockerfile, "services/api/Dockerfile": dockerfile });
  await project.otto("init", "--compose");
  const below = { ...project.place, cwd: join(project.root, "services/api") };
  const found = await runOtto(below, ["init"]);
  expect(found).toMatchObject({
    exitCode: 0,
    stdout: "../../.otto/settings.toml is there already: nothing written\n",
    stderr: expect.stringContaining("otto init --here"),
  });
  const plan = await runOtto(below, ["up", "--dry-run"]);
  expect(plan.stdout).toContain(project.name);
  expect((await runOtto(below, ["init", "--here"])).exitCode).toBe(0);
  expect(await readdir(below.cwd)).toContain(".otto");
});

test("without a terminal the Compose file is not written but named, and may be added later", async () => {
  await using project = await createProject({ Dockerfile: dockerfile });
  const { stderr } = await project.otto("init");
  expect(stderr).toContain("otto init --compose");
  expect(await readdir(project.root)).not.toContain("compose.yaml");
  expect(await project.otto("init", "--compose")).toMatchObject({ exitCode: 0 });
  const plan = await project.otto("up", "--dry-run");
  expect(plan).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("app") });
});

test.concurrent.each([
  ["\r", true],
  ["n\r", false],
])("at a terminal it is asked for: %j", async (answer, isWritten) => {
  await using project = await createProject({ Dockerfile: dockerfile });
  await using terminal = await TestTerminal.open(project.place, ["init"]);
  await terminal.sees("[Y/n]");
  terminal.type(answer);
  expect((await terminal.finished()).exitCode).toBe(0);
  const settings = await readFile(join(project.root, ".otto/settings.toml"), "utf8");
  expect([(await readdir(project.root)).includes("compose.yaml"), /^\[\[docker\.composes/m.test(settings)]).toEqual([
    isWritten,
    isWritten,
  ]);
});
