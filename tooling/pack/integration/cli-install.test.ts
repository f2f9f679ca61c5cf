import { randomUUID } from "node:crypto";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./command.js";
import { listPublishedPackages, workspaceRoot } from "./published-packages.js";
import { packAll } from "./tarballs.js";

// npm, on what may be a busy machine.
const installTimeoutMs = 300_000;

const packages = listPublishedPackages();
const cli = packages.filter(({ name }) => name === "@otto/cli");
const compiler = join(workspaceRoot, "node_modules/.bin/tsc");
let scratch: string;
let home: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-cli-install-"));
  home = join(scratch, "home");
  await mkdir(home);
  const tarballs = await packAll(cli, scratch);
  const dependencies = { "@otto/cli": `file:${tarballs.get("@otto/cli")}` };
  await writeFile(join(scratch, "package.json"), JSON.stringify({ dependencies }));
  const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await runCommand(["npm", "install", ...options], { cwd: scratch });
}, installTimeoutMs);
afterAll(() => rm(scratch, { recursive: true }));

/** The installed `otto` in a copy of an example with stacks of its own. */
async function copyExample(name: string) {
  const cwd = join(scratch, `${name}-${randomUUID().slice(0, 8)}`);
  await cp(join(workspaceRoot, "examples", name), cwd, {
    recursive: true,
    filter: (path) => !/node_modules/.test(path),
  });
  await copyFile("/bin/busybox", join(cwd, "api/busybox"));
  const env = {
    HOME: home,
    XDG_CACHE_HOME: join(home, ".cache"),
    OTTO_COMPOSE_SUFFIX: `install-${randomUUID().slice(0, 8)}`,
  };
  return {
    cwd,
    otto: (...words: string[]) => runCommand([join(scratch, "node_modules/.bin/otto"), ...words], { cwd, env }),
  };
}

test("npm installs the CLI without the packages that its bundle holds", async () => {
  const lock = JSON.parse(await readFile(join(scratch, "package-lock.json"), "utf8")) as { packages: object };
  const installed = Object.keys(lock.packages).map((path) => path.replace("node_modules/", ""));
  // ssh2's own, the last three for what npm builds where it can.
  const ofSsh2 = ["asn1", "bcrypt-pbkdf", "safer-buffer", "tweetnacl", "buildcheck", "cpu-features", "nan"];
  expect(installed.sort()).toEqual(["", "@otto/cli", "jiti", "ssh2", ...ofSsh2].sort());
});

test("the bill of materials in the package names, besides the bundle's, what npm installs with it", async () => {
  const text = await readFile(join(scratch, "node_modules/@otto/cli/sbom.cdx.json"), "utf8");
  const { components } = JSON.parse(text) as { components: { name: string; properties: { value: string }[] }[] };
  const beside = components.filter(({ properties }) => properties.some(({ value }) => value === "installed"));
  const lock = JSON.parse(await readFile(join(scratch, "package-lock.json"), "utf8")) as { packages: object };
  const installed = Object.keys(lock.packages).map((path) => path.replace("node_modules/", ""));
  expect(["", "@otto/cli", ...beside.map(({ name }) => name)].sort()).toEqual(installed.sort());
});

test("a stack comes up, runs a command and goes down", async () => {
  const { otto } = await copyExample("hello");
  await otto("docker", "up");
  expect(await otto("host", "local.hello.api", "exec", "--", "cat", "/etc/marker")).not.toBe("");
  await otto("docker", "down");
});

test("instructions import @otto/docker and @otto/instructions where nothing has installed them", async () => {
  const { otto } = await copyExample("instruction");
  expect(await otto("run", "smoke", "--times", "1")).toContain("1: hello from an instruction");
});

test("a suite runs with the vitest and the @otto/vitest of its repository", async () => {
  const { cwd, otto } = await copyExample("suite");
  await symlink(join(workspaceRoot, "examples/suite/node_modules"), join(cwd, "node_modules"));
  expect(await otto("test")).toMatch(/Tests .*\d passed/);
});

test("a project that init drafts builds", async () => {
  const { cwd, otto } = await copyExample("hello");
  await rm(join(cwd, ".otto"), { recursive: true });
  await rm(join(cwd, "compose.yml"));
  expect(await otto("init", "--compose")).toContain(".otto/settings.toml");
  expect(await otto("docker", "build")).toMatch(/built on local/);
});

test("a program imports main, with types that need @types/node alone", async () => {
  const types = { compilerOptions: { module: "NodeNext", strict: true, skipLibCheck: false, types: ["node"] } };
  const settings = { ...types, files: ["program.mts"] };
  const program = `
    import { type Invocation, main } from "@otto/cli";
    const { stdin, stdout, stderr, env } = process;
    const invocation: Invocation = {
      argv: ["--version"], cwd: "/", home: "/", env, stdin, stdout, stderr, signals: process,
      force: (code) => process.exit(code),
    };
    process.exitCode = await main(invocation);
  `;
  await writeFile(join(scratch, "program.mts"), program);
  await writeFile(join(scratch, "tsconfig.json"), JSON.stringify(settings));
  await mkdir(join(scratch, "node_modules/@types"), { recursive: true });
  await symlink(join(workspaceRoot, "node_modules/@types/node"), join(scratch, "node_modules/@types/node"));
  await runCommand([compiler, "--project", scratch], { cwd: scratch });
  expect(await runCommand([process.execPath, "program.mjs"], { cwd: scratch })).toContain(cli[0]?.manifest.version);
});

test("a release of a package that the bundle holds is one of the CLI", async () => {
  const directory = join(workspaceRoot, ".changeset");
  const changesets = (await readdir(directory)).filter((name) => name.endsWith(".md"));
  const texts = await Promise.all(changesets.map((name) => readFile(join(directory, name), "utf8")));
  const released = texts.flatMap((text) => [...text.matchAll(/^"(.+)": (?:patch|minor|major)$/gm)].map((it) => it[1]));
  // Changesets follows dependencies, and the bundle's are devDependencies.
  const bundled = new Set(Object.keys(cli[0]?.manifest.devDependencies ?? {}));
  for (const bundledName of bundled) {
    const { dependencies = {} } = packages.find(({ name }) => name === bundledName)?.manifest ?? {};
    for (const name of Object.keys(dependencies)) bundled.add(name);
  }
  const changed = [...bundled].filter((name) => released.includes(name));
  expect(changed.length === 0 || released.includes("@otto/cli"), `name @otto/cli beside ${changed.join(", ")}`).toBe(
    true,
  );
});
