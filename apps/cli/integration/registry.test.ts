import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { labJson, type Registry, readImageFile, startLab, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, runJson, runOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const login = { username: "ada", password: `canary-${randomBytes(12).toString("hex")}` };
const word = Buffer.from(`${login.username}:${login.password}`).toString("base64");

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry(login);
});
afterAll(() => registry[Symbol.asyncDispose]());

/** A repo whose images belong in the registry, of a user who has logged in there. */
async function createRegistryRepo(env: Readonly<Record<string, string>> = {}): Promise<TestRepo> {
  const repo = await createTestRepo(env);
  await repo.write(".otto/settings.toml", settings(repo.name, `[docker]\nregistry_url = "${registry.host}"\n`));
  await mkdir(join(repo.root, "home/.docker"));
  await repo.write("home/.docker/config.json", JSON.stringify({ auths: { [registry.host]: { auth: word } } }));
  return repo;
}

test("a build is pushed, and pulled where it is missing", async () => {
  await using repo = await createRegistryRepo();
  const name = `${registry.host}/${repo.name}-api`;
  const plan = await runOtto(repo.place, ["docker", "build", "--push", "--dry-run"]);
  expect(plan.stdout).toContain(`api: pull and push ${name}:`);
  const pushed = await runOtto(repo.place, ["docker", "build", "--push"]);
  expect(pushed.stdout).toMatch(new RegExp(`^api +built on local → ${name}:[0-9a-f]{16} \\(pushed\\)\n$`));
  expect(pushed.exitCode).toBe(0);
  const [, tag = ""] = /→ (\S+)/.exec(pushed.stdout) ?? [];
  await execute("docker", ["image", "rm", tag, `${name}:latest`]);
  const pulled = await runJson(repo.place, ["docker", "build"]);
  expect(pulled.lines.find((line) => line.type === "image")).toMatchObject({
    status: "skipped",
    source: "pulled",
    pushed: false,
    tag,
  });
  expect(pulled.lines.filter((line) => line.type === "registry.done")).toMatchObject([{ action: "pull", tag }]);
});

test("a push that the registry refuses fails the run, though the image is there", async () => {
  await using repo = await createRegistryRepo();
  await repo.write("home/.docker/config.json", "{}");
  const run = await runJson(repo.place, ["docker", "build", "--push"]);
  expect(run.exitCode).toBe(1);
  expect(run.lines.find((line) => line.type === "image")).toMatchObject({
    status: "failed",
    code: "ENGINE_PUSH_FAILED",
  });
  expect((await runOtto(repo.place, ["docker", "build"])).stdout).toMatch(/^api +cached on local → /);
});

test("not even the debug output of what lies beneath shows the login", async () => {
  await using repo = await createRegistryRepo({ DEBUG: "*", NODE_DEBUG: "http" });
  const run = await runOtto(repo.place, ["docker", "build", "--push", "--log-level", "debug"]);
  expect(run.exitCode).toBe(0);
  // What node:http prints of itself.
  expect(run.stderr).toMatch(/^HTTP \d+: /m);
  const inHeader = Buffer.from(JSON.stringify(login)).toString("base64");
  for (const secret of [login.password, word, inHeader]) expect(run.stdout + run.stderr).not.toContain(secret);
});

test("through a bastion, an image of two contexts is built, pushed and pulled", async () => {
  await using lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  await using repo = await createRegistryRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  const registrySettings = settings(repo.name, `[docker]\nregistry_url = "${registry.host}"\n`);
  const contexts = `context = "docker"\nadditional_contexts = { shared = "shared" }`;
  await repo.write(".otto/settings.toml", registrySettings.replace(`context = "docker"`, contexts));
  await repo.write("shared/word", "word\n");
  await repo.write("docker/Dockerfile", "FROM scratch\nCOPY root /\nCOPY --from=shared . /shared/\n");
  const built = await runOtto(repo.place, ["docker", "build", "--push"]);
  expect([built.exitCode, built.stdout]).toEqual([0, expect.stringMatching(/built on parent → \S+ \(pushed\)\n$/)]);
  const [, tag = ""] = /→ (\S+)/.exec(built.stdout) ?? [];
  await execute("docker", ["image", "rm", tag, tag.replace(/:\w+$/, ":latest")]);
  expect((await runOtto(repo.place, ["docker", "build"])).stdout).toContain(`pulled on parent → ${tag}`);
  expect(await readImageFile(tag, "/shared/word")).toBe("word\n");
});

const launcher = fileURLToPath(new URL("../bin/otto.js", import.meta.url));

test("on a terminal each image has one line while it is built, and its last state and the summary are left", async () => {
  await using repo = await createRegistryRepo({ TERM: "xterm" });
  await repo.write(
    "docker/Dockerfile",
    `FROM scratch\nCOPY root /\nRUN --network=none echo hidden words; sleep 2; : ${repo.name}\n`,
  );
  const env = { PATH: process.env.PATH ?? "", ...repo.place.env };
  const command = `stty cols 100 rows 30; exec ${process.execPath} ${launcher} docker build --push`;
  const child = spawn("sh", ["-c", 'exec script --quiet --return --command "$1" /dev/null', "sh", command], {
    cwd: repo.root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, exitCode } = await finished(child);
  expect(exitCode).toBe(0);
  // The cursor is hidden while lines change.
  const [shown, left] = stdout.split("\u001b[?25h");
  expect(shown).toMatch(/api {2}.*RUN --network=none echo/);
  expect(shown).not.toContain("\nhidden words");
  expect(left).toMatch(/✔.* api {2}built in [\d.]+ s, sent [\d.]+ [kM]?B, pushed → \S+\s/);
  expect(left).toMatch(/1 image ready on local in [\d.]+ s · built 1 · sent [\d.]+ [kM]?B/);
});
