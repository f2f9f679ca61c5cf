import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadRepo } from "./repo-loading.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-config-"));
});
afterEach(() => rm(root, { recursive: true }));

const home = "/home/ada";

async function load(text: string | Uint8Array, name = "settings.toml") {
  const file = join(root, ".otto", name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return loadRepo(root, { home });
}

const full = `
name = "repo1"
version = "1.0.0"
instructions = ["otto/*.ts"]
libs = ["pylib"]
[coverage]
gcda_remote_dir = "/var/coverage"
[[lab.sources]]
backend = "json"
paths = ["../lab_data", "~/lab.json"]
[docker]
registry_url = "registry.example:5000"
[[docker.images]]
name = "api"
dockerfile = "docker/Dockerfile"
context = "docker"
target = "prod"
platform = "linux/amd64"
build_args = { PORT = 8080, DEBUG = true, VERSION = 1.0, NAME = "x", HALF = 0.5 }
ssh = ["default", "host=~/id,keys/b", "agent=/run/agent"]
secrets = [{ id = "npm", env = "NPM_TOKEN" }, { id = "key", file = "~/key" }, { id = "pip", command = ["op", "read", "op://ci/pip"] }, { id = "git", command = ["bin/token", "./x"] }]
additional_contexts = { shared = "../shared", base = "docker-image://alpine" }
[[docker.composes]]
path = "docker/compose.yml"
default_host = "pepper_seed"
services = ["api"]
profiles = ["debug"]
[[docker.composes.bind_mounts]]
path = "web"
ignore = [".git", "**/node_modules"]
[[docker.composes.secrets]]
id = "db"
command = ["~/bin/vault", "db"]
`;

test("settings become absolute paths and strings", async () => {
  const repo = await load(full);
  expect(repo).toMatchObject({
    name: "repo1",
    version: "1.0.0",
    root,
    settingsFile: join(root, ".otto/settings.toml"),
    instructions: ["otto/*.ts"],
    labSources: [{ backend: "json", paths: [join(dirname(root), "lab_data"), "/home/ada/lab.json"] }],
    docker: { registryUrl: "registry.example:5000" },
  });
  expect(repo.docker.images).toEqual([
    {
      name: "api",
      dockerfile: join(root, "docker/Dockerfile"),
      context: join(root, "docker"),
      target: "prod",
      platform: "linux/amd64",
      buildArgs: { PORT: "8080", DEBUG: "true", VERSION: "1.0", NAME: "x", HALF: "0.5" },
      labels: {},
      cacheFrom: [],
      addHosts: [],
      additionalContexts: { shared: join(dirname(root), "shared"), base: "docker-image://alpine" },
      secrets: [
        { id: "npm", env: "NPM_TOKEN" },
        { id: "key", file: "/home/ada/key" },
        { id: "pip", command: ["op", "read", "op://ci/pip"] },
        { id: "git", command: [join(root, "bin/token"), "./x"] },
      ],
      ssh: ["default", `host=/home/ada/id,${join(root, "keys/b")}`, "agent=/run/agent"],
    },
  ]);
  expect(repo.docker.composes).toEqual([
    {
      path: join(root, "docker/compose.yml"),
      defaultHost: "pepper_seed",
      services: ["api"],
      profiles: ["debug"],
      bindMounts: [{ path: join(root, "web"), ignore: [".git", "**/node_modules"] }],
      secrets: [{ id: "db", command: ["/home/ada/bin/vault", "db"] }],
    },
  ]);
});

test("tables of the Python system are accepted, and a note says that they are ignored", async () => {
  const { notes } = await load(full);
  expect(notes.map((note) => note.split(": ")[1])).toEqual([
    "coverage has no meaning here and is ignored",
    "libs has no meaning here and is ignored",
  ]);
});

test("YAML says the same as TOML", async () => {
  const yaml = `
name: repo1
version: 1.0.0
docker:
  images:
    - {name: api, dockerfile: D, context: ., build_args: {PORT: 8080, VERSION: 1.0, DEBUG: true}}
`;
  const repo = await load(yaml, "settings.yaml");
  expect(repo.docker.images[0]?.buildArgs).toEqual({ PORT: "8080", VERSION: "1.0", DEBUG: "true" });
});

test("Windows line ends and a byte order mark are fine", async () => {
  const repo = await load(`\ufeff${full.replaceAll("\n", "\r\n")}`);
  expect(repo.docker.images[0]?.name).toBe("api");
});

test("a minimal file is enough", async () => {
  expect(await load('name = "a"\nversion = "1"\n')).toMatchObject({
    instructions: [],
    labSources: [],
    docker: { registryUrl: undefined, images: [], composes: [] },
    notes: [],
  });
});

const head = 'name = "a"\nversion = "1"\n';
const image = '[[docker.images]]\nname = "api"\ndockerfile = "D"\ncontext = "."\n';

test.each([
  ["broken TOML", `${head}[docker\n`, "CONFIG_SYNTAX", "settings.toml:3: "],
  ["an unknown table", `${head}[dokcer]\n`, "CONFIG_UNKNOWN_KEY", "settings.toml: dokcer: unknown key"],
  [
    "an unknown key",
    `${head}${image}dokerfile = "x"`,
    "CONFIG_UNKNOWN_KEY",
    "settings.toml: docker.images[0].dokerfile: unknown key",
  ],
  ["no name", 'version = "1"', "CONFIG_INVALID", "settings.toml: name: is required (a string)"],
  ["an empty name", 'name = ""\nversion = "1"', "CONFIG_INVALID", "settings.toml: name: must not be empty"],
  [
    "a wrong type",
    `${head}[docker]\nimages = 5`,
    "CONFIG_INVALID",
    "settings.toml: docker.images: must be a list, is a whole number",
  ],
  [
    "a build argument that is no scalar",
    `${head}${image}build_args = { A = [1] }`,
    "CONFIG_INVALID",
    "docker.images[0].build_args.A: must be a string or a whole number or a number or true or false, is a list",
  ],
  [
    "a date for a build argument",
    `${head}${image}build_args = { A = 2024-01-01 }`,
    "CONFIG_INVALID",
    "docker.images[0].build_args.A: must be a string or a whole number or a number or true or false, is a date",
  ],
  [
    "a lab backend that is not ours",
    `${head}[[lab.sources]]\nbackend = "netbox"\npaths = ["x"]`,
    "CONFIG_INVALID",
    'lab.sources[0].backend: must be "json" or "command"',
  ],
  [
    "a secret with two origins",
    `${head}${image}secrets = [{ id = "a", env = "A", file = "b" }]`,
    "CONFIG_INVALID",
    "docker.images[0].secrets[0]: must have one of env, file and command",
  ],
  [
    "a secret of a stack without a program",
    `${head}[[docker.composes]]\npath = "c"\nsecrets = [{ id = "a", command = [] }]`,
    "CONFIG_INVALID",
    "docker.composes[0].secrets[0].command: must name a program",
  ],
  [
    "a swarm's stack spread over its managers",
    `${head}[[docker.composes]]\npath = "c.yml"\nrole = "edge"\nspread = true\nengine = "swarm"`,
    "CONFIG_INVALID",
    'docker.composes[0].spread: must not be set with engine = "swarm"',
  ],
  [
    "a name that clears the terminal",
    `name = "a\\u001b[2J"\nversion = "1"`,
    "CONFIG_INVALID",
    "settings.toml: name: must not hold control characters",
  ],
  [
    "a name with a newline",
    `${head}${image.replace("api", "a\\nb")}`,
    "CONFIG_INVALID",
    "docker.images[0].name: must not hold control characters",
  ],
  [
    "a profile that reads backwards",
    `${head}[[docker.composes]]\npath = "c"\nprofiles = ["a\\u202Eb"]`,
    "CONFIG_INVALID",
    "docker.composes[0].profiles[0]: must not hold control characters",
  ],
  [
    "rules of a bind mount without a pattern",
    `${head}[[docker.composes]]\npath = "c"\nbind_mounts = [{ path = "d", ignore = [] }]`,
    "CONFIG_INVALID",
    "docker.composes[0].bind_mounts[0].ignore: must have a pattern",
  ],
  [
    "two images of one name",
    `${head}${image}${image}`,
    "CONFIG_INVALID",
    "docker.images[1].name: api is the name of images[0] too",
  ],
])("%s is an error that names the place", async (_, text, code, message) => {
  const error = await load(text).catch((it: unknown) => it);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message), hint: expect.any(String) });
  expect(String((error as Error).message)).toContain(join(root, ".otto/settings.toml"));
});

test.each([
  ["name: a\nversion: 1.0.0\ndocker:\n  imags: []\n", "CONFIG_UNKNOWN_KEY", "settings.yaml:4: docker.imags"],
  ["name: a\nversion: 1.0\n", "CONFIG_INVALID", "settings.yaml:2: version: must be a string, is a number"],
  ["name: a\nversion: b\ndocker:\n  images:\n    - name: x\n      context: .\n", "CONFIG_INVALID", "settings.yaml:5"],
  ["name: a\nversion: [\n", "CONFIG_SYNTAX", "settings.yaml:3"],
  ["- a\n", "CONFIG_INVALID", "settings.yaml:1: must be a table, is a list"],
  ["", "CONFIG_INVALID", "settings.yaml:1: must be a table, is empty"],
])("a fault in YAML names its line: %j", async (text, code, message) => {
  await expect(load(text, "settings.yaml")).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test("an unknown key comes with the known one that is near", async () => {
  await expect(load(`${head}${image}buld_args = {}`)).rejects.toMatchObject({ hint: 'Did you mean "build_args"?' });
});

test("of a misspelled key and the missing one, the misspelled is told", async () => {
  await expect(load('name = "a"\nverison = "1"\n')).rejects.toMatchObject({
    code: "CONFIG_UNKNOWN_KEY",
    message: expect.stringMatching(/: verison: unknown key \(and 1 more\)$/),
    hint: 'Did you mean "version"?',
  });
});

test("an error counts the further faults and lists them all in its details", async () => {
  const error = await load('[docker]\nimages = "x"').catch((it: unknown) => it);
  expect(error).toMatchObject({
    message: expect.stringContaining("(and 2 more)"),
    details: { problems: [expect.anything(), expect.anything(), expect.anything()] },
  });
});

test.each(["settings.toml", "settings.yaml"])("no text of a broken %s enters the message", async (name) => {
  const error = await load('name = "a"\ntoken: ["hunter2" hunter2 = "hunter2\n', name).catch((it: unknown) => it);
  expect(error).toMatchObject({ code: "CONFIG_SYNTAX" });
  expect(String((error as Error).message)).not.toContain("hunter2");
});

test("a repository without settings is an error that names the file to write", async () => {
  await expect(loadRepo(root, { home })).rejects.toMatchObject({
    code: "CONFIG_FILE_MISSING",
    message: `reading ${join(root, ".otto/settings.toml")}: no such file`,
  });
});

test("two settings files are an error", async () => {
  await load(head);
  await expect(load("name: a\nversion: b\n", "settings.yaml")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("settings that are not UTF-8 are an error", async () => {
  await expect(load(Uint8Array.of(0x6e, 0xff, 0xfe))).rejects.toMatchObject({ code: "CONFIG_FILE_UNREADABLE" });
});

test("settings that are a directory are an error", async () => {
  await mkdir(join(root, ".otto/settings.toml"), { recursive: true });
  await expect(loadRepo(root, { home })).rejects.toMatchObject({ code: "CONFIG_FILE_UNREADABLE" });
});
