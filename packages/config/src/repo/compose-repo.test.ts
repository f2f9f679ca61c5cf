import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findComposeFiles } from "./compose-repo.js";
import { loadRepos } from "./repos-loading.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-compose-"));
});
afterEach(() => rm(root, { recursive: true }));

async function write(...paths: readonly string[]) {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "services: {}\n");
  }
}

const find = async (cwd: string, env = {}) =>
  (await findComposeFiles({ cwd: join(root, cwd), env })).map((path) => path.slice(root.length + 1));
const load = (cwd: string) => loadRepos({ cwd: join(root, cwd), env: {}, home: "/home/ada" });

test.each([
  [["compose.yaml", "compose.yml", "docker-compose.yml"], ["compose.yaml"]],
  [["docker-compose.yaml", "docker-compose.yml"], ["docker-compose.yml"]],
  [
    ["compose.yml", "compose.override.yaml", "compose.override.yml"],
    ["compose.yml", "compose.override.yml"],
  ],
  [
    ["docker-compose.yml", "compose.override.yaml"],
    ["docker-compose.yml", "compose.override.yaml"],
  ],
  [["compose.override.yml"], []],
])("of %j Compose takes %j", async (present, taken) => {
  await write(...present);
  expect(await find(".")).toEqual(taken);
});

test("the nearest directory upwards counts, and COMPOSE_FILE goes before it", async () => {
  await write("compose.yaml", "deep/er/x", "other/a.yml");
  expect(await find("deep/er")).toEqual(["compose.yaml"]);
  expect(await find("other", { COMPOSE_FILE: "a.yml:../compose.yaml" })).toEqual(["other/a.yml", "compose.yaml"]);
  expect(await find("other", { COMPOSE_FILE: "a.yml,b.yml", COMPOSE_PATH_SEPARATOR: "," })).toEqual([
    "other/a.yml",
    "other/b.yml",
  ]);
});

test("a project without settings is a repository of its Compose files, called as its directory", async () => {
  await write("clone/.git/HEAD", "clone/My Shop/compose.yaml");
  expect(await load("clone/My Shop")).toMatchObject([
    {
      name: "my-shop",
      root: join(root, "clone"),
      docker: { images: [], composes: [{ path: join(root, "clone/My Shop/compose.yaml"), profiles: [] }] },
    },
  ]);
});

test.each([
  ["name: store\nservices: {}\n", "store"],
  [`name: "\${NAME}"\nservices: {}\n`, "deep"],
  ["services: [\n", "deep"],
])("the files' own name is the repository's: %j", async (text, name) => {
  await write("deep/compose.yml");
  await writeFile(join(root, "deep/compose.yml"), text);
  expect(await load("deep")).toMatchObject([{ name, root: join(root, "deep") }]);
});

test("settings go before Compose files, wherever they lie", async () => {
  await write("compose.yaml", "in/compose.yaml");
  await mkdir(join(root, ".otto"));
  await writeFile(join(root, ".otto/settings.toml"), 'name = "shop"\nversion = "1"\n');
  expect(await load("in")).toMatchObject([{ name: "shop", docker: { composes: [] } }]);
});
