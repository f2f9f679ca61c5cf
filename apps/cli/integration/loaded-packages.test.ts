import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Place, runOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

let lab: Lab<"parent">;
/** Its lab is JSON, and its connections are kept; it has a stack. */
let repo: TestRepo;
/** The same without a stack. */
let bare: Place;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const hosts = labJson(lab, "veg").hosts.map((host) => ({
    ...host,
    ssh_options: { ...host.ssh_options, persist: "10m" },
  }));
  for (const file of ["lab.json", "bare/lab.json"]) await repo.write(file, JSON.stringify({ hosts }));
  await repo.write("bare/.otto/settings.toml", settings("bare").replace(/\[\[docker.*/s, ""));
  await mkdir(join(repo.root, "run"), { mode: 0o700 });
  bare = { cwd: join(repo.root, "bare"), env: { ...repo.place.env, XDG_RUNTIME_DIR: join(repo.root, "run") } };
});
afterAll(async () => {
  await runOtto(bare, ["lab", "connections", "--stop"]);
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const exec = ["host", "parent", "exec", "--", "true"];

/** The packages of which a run of `otto` loads a module, by the scripts that V8 saw. */
async function packagesOf(place: Place, argv: readonly string[]): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), "otto-loaded-"));
  try {
    const env = { ...place.env, NODE_V8_COVERAGE: directory };
    expect(await runOtto({ ...place, env }, argv)).toMatchObject({ exitCode: 0 });
    const modules = await readModules();
    const scripts = await Promise.all((await readdir(directory)).map((file) => readScripts(join(directory, file))));
    return [...new Set(scripts.flat().flatMap((script) => modules[basename(script)] ?? [script]))].map(packageOf);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function readScripts(file: string): Promise<readonly string[]> {
  const { result } = JSON.parse(await readFile(file, "utf8")) as {
    readonly result: readonly { readonly url: string }[];
  };
  return result.map(({ url }) => url).filter((url) => url.startsWith("file:"));
}

/** The modules that each file of the bundle holds. */
async function readModules(): Promise<Readonly<Record<string, readonly string[]>>> {
  return JSON.parse(await readFile(new URL("../dist/bundle-modules.json", import.meta.url), "utf8"));
}

/** `yaml`, or `packages/compose`. */
function packageOf(path: string): string {
  const [, dependency] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
  return dependency ?? path.split("/").slice(0, 2).join("/");
}

const stacks = ["packages/compose", "packages/compose-files", "packages/build", "packages/staging", "packages/context"];

test("a command on a host, over a connection that is kept, loads nothing of stacks, builds, files, the engine's API, YAML and SSH's protocol", async () => {
  expect(await runOtto(bare, exec)).toMatchObject({ exitCode: 0 });
  const loaded = await packagesOf(bare, exec);
  expect(loaded).toEqual(expect.arrayContaining(["apps/cli", "packages/hosts", "jsonc-parser"]));
  const others = [
    ...stacks,
    "packages/instructions",
    "packages/remote-tree",
    "dockerode",
    "tar-stream",
    "yaml",
    "ssh2",
  ];
  for (const other of others) expect(loaded).not.toContain(other);
});

test("what a stack needs is loaded where there is one", async () => {
  const loaded = await packagesOf(repo.place, ["--list-hosts"]);
  expect(loaded).toEqual(expect.arrayContaining(["packages/compose", "packages/compose-files", "yaml"]));
});

test("the hosts of a lab in JSON are listed without what stacks need", async () => {
  const loaded = await packagesOf(bare, ["--list-hosts"]);
  expect(loaded).toContain("jsonc-parser");
  for (const other of [...stacks, "yaml"]) expect(loaded).not.toContain(other);
});
