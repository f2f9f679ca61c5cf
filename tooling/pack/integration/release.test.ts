import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./command.js";
import { type LocalRegistry, startRegistry } from "./local-registry.js";
import { listPublishedPackages, toFileName, workspaceRoot } from "./published-packages.js";

// pnpm packs and npm publishes 20 packages, on what may be a busy machine.
const releaseTimeoutMs = 600_000;

const packages = listPublishedPackages();
const scripts = join(workspaceRoot, "tooling/release");
let scratch: string;
let tarballs: string;
let registry: LocalRegistry;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-release-"));
  tarballs = join(scratch, "tarballs");
  registry = await startRegistry(join(scratch, "registry"));
  await runCommand([process.execPath, join(scripts, "pack.js"), tarballs], { cwd: scratch });
}, releaseTimeoutMs);
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

/** Runs the release's own script, and gives the lines that it printed itself. */
async function publish(directory: string, ...options: readonly string[]): Promise<readonly string[]> {
  const argv = [process.execPath, join(scripts, "publish.js"), directory, ...options] as const;
  const lines = (await runCommand(argv, { cwd: scratch, env: registry.env })).trim().split("\n");
  return lines.filter((line) => !line.startsWith("npm "));
}

const versionOf = (wanted: string) => packages.find(({ name }) => name === wanted)?.manifest.version;
const rehearse = (directory: string) => publish(directory, "--rehearse", registry.url);

test("a release holds a tarball of each published package and a bill of materials", async () => {
  const expected = packages.map(({ name, manifest }) => `${toFileName(name)}-${manifest.version}.tgz`);
  expected.push(`otto-cli-${versionOf("@otto/cli")}.cdx.json`);
  expect((await readdir(tarballs)).sort()).toEqual(expected.sort());
});

test(
  "packages are published after those that they depend on, a run that broke off is completed, and otto can be installed from there",
  async () => {
    const begun = join(scratch, "begun");
    await mkdir(begun);
    const first = `otto-errors-${versionOf("@otto/errors")}.tgz`;
    await copyFile(join(tarballs, first), join(begun, first));
    const labelOf = (name: string) => `${name} ${versionOf(name)}`;
    expect(await rehearse(begun)).toEqual([`${labelOf("@otto/errors")}: published`]);

    const lines = await rehearse(tarballs);
    const outcomes = packages.map(({ name }) =>
      name === "@otto/errors" ? `${labelOf(name)}: already published` : `${labelOf(name)}: published`,
    );
    expect([...lines].sort()).toEqual(outcomes.sort());
    const order = lines.map((line) => line.split(" ")[0]);
    const early = packages.flatMap(({ name, manifest }) =>
      Object.keys(manifest.dependencies ?? {}).filter((needed) => order.indexOf(needed) > order.indexOf(name)),
    );
    expect(early).toEqual([]);
    expect((await rehearse(tarballs)).filter((line) => !line.endsWith(": already published"))).toEqual([]);

    const cwd = join(scratch, "empty");
    await mkdir(cwd);
    const env = { npm_config_cache: join(scratch, "npm-cache") };
    const options = [`--@otto:registry=${registry.url}`, "--ignore-scripts", "--no-audit", "--loglevel=error"];
    await runCommand(["npm", "install", ...options, "@otto/cli"], { cwd, env });
    const printed = await runCommand([join(cwd, "node_modules/.bin/otto"), "--version"], { cwd });
    expect(printed.trim()).toBe(versionOf("@otto/cli"));
  },
  releaseTimeoutMs,
);

test("nothing is published without an identity of the workflow, nor rehearsed elsewhere than on this machine", async () => {
  await expect(publish(tarballs)).rejects.toThrow(/is older than|no identity token can be requested/);
  await expect(publish(tarballs, "--rehearse", "https://registry.example/")).rejects.toThrow("not on this machine");
});

test("a release is packed only in the repository that the packages name", async () => {
  const env = { GITHUB_SERVER_URL: "https://github.com", GITHUB_REPOSITORY: "somebody/else" };
  const pack = runCommand([process.execPath, join(scripts, "pack.js"), join(scratch, "else")], { cwd: scratch, env });
  await expect(pack).rejects.toThrow("somebody/else.git, and package.json names");
});
