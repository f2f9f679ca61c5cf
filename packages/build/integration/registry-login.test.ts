import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import type { BuildEvent } from "@otto/build";
import { type Registry, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { build, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
const login = { username: "ada", password: `canary-${randomBytes(12).toString("hex")}` };

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry(login);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
});

const settings = (host: string) => `[docker]\nregistry_url = "${host}"\n`;
const inFile = (host: string, { username, password } = login) => ({
  auths: { [host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } },
});

/** Variables of a user whose Docker configuration says `config`; programs beside it are found. */
async function userWith(config: object, helper?: { name: string; script: string }) {
  const directory = await mkdtemp(join(tmpdir(), "otto-docker-config-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "config.json"), JSON.stringify(config));
  if (helper !== undefined) {
    const path = join(directory, `docker-credential-${helper.name}`);
    await writeFile(path, `#!/bin/sh\n${helper.script}\n`);
    await chmod(path, 0o755);
  }
  return { DOCKER_CONFIG: directory, PATH: `${directory}:${process.env.PATH}` };
}

const helperScript = `test "$1" = get || exit 9
read -r server
test "$server" = "$SERVER" || { echo credentials not found in native keychain; exit 1; }
printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$USER_NAME" "$(cat "$WORD_FILE")"`;

/** A helper that has the login for the registry of these tests, and the variables that it works with. */
async function helperUser(config: object) {
  const env = await userWith(config, { name: "test", script: helperScript });
  const file = join(env.DOCKER_CONFIG, "word");
  await writeFile(file, login.password);
  return { ...env, SERVER: registry.host, USER_NAME: login.username, WORD_FILE: file };
}

async function forget(tag: string): Promise<void> {
  await execute("docker", ["image", "rm", tag, tag.replace(/:[^:]*$/, ":latest")]);
}

test.each([
  ["an entry in the file", () => userWith(inFile(registry.host))],
  ["a helper of the registry", () => helperUser({ credHelpers: { [registry.host]: "test" } })],
  ["the helper of all registries", () => helperUser({ credsStore: "test" })],
])("%s is what the registry gets for a push and a pull, and it shows nowhere", async (_, createUser) => {
  const env = await createUser();
  await using repo = await createBuildRepo(settings(registry.host));
  const loaded = await repo.load();
  const told: string[] = [];
  const onEvent = (event: BuildEvent) =>
    void told.push(inspect(event, { depth: 20 }), execFileSync("ps", ["-eo", "args"]).toString());
  const pushed = (await build(loaded, { env, push: true, onEvent })).result;
  expect(pushed).toMatchObject({ status: "success", pushed: true });
  await forget(pushed.message);
  const pulled = (await build(loaded, { env, onEvent })).result;
  expect(pulled).toMatchObject({ status: "skipped", source: "pulled" });
  told.push(inspect([pushed, pulled], { depth: 20 }));
  const word = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  for (const secret of [login.password, word]) expect(told.join("\n")).not.toContain(secret);
});

test.each([
  ["nobody", () => userWith({})],
  ["another word", () => userWith(inFile(registry.host, { ...login, password: `${login.password}-wrong` }))],
  ["a helper that has none", () => helperUser({ credsStore: "test" }).then((env) => ({ ...env, SERVER: "other" }))],
])("the registry refuses %s: the push fails, naming the image and no word", async (_, createUser) => {
  const env = await createUser();
  await using repo = await createBuildRepo(settings(registry.host));
  const { result } = await build(await repo.load(), { env, push: true });
  expect(result).toMatchObject({ status: "failed", error: { code: "ENGINE_PUSH_FAILED" } });
  const shown = inspect(result, { depth: 20, showHidden: true });
  expect(shown).toContain(`${repo.name}-api`);
  expect(shown).not.toContain(login.password);
});

test.each([
  ["cannot be found", "absent", ""],
  ["fails, with a word in what it says", "broken", `echo ${login.password}; echo ${login.password} >&2; exit 1`],
  ["answers nonsense", "broken", `echo '{"Secret": "${login.password}'`],
])("a helper that %s fails the push, names itself and shows nothing it said", async (_, credsStore, script) => {
  const env = await userWith({ credsStore }, { name: "broken", script });
  await using repo = await createBuildRepo(settings(registry.host));
  const warnings: BuildEvent[] = [];
  const onEvent = (event: BuildEvent) => event.type === "build.warning" && warnings.push(event);
  const { result } = await build(await repo.load(), { env, push: true, onEvent });
  expect(result).toMatchObject({
    status: "failed",
    error: { code: "DOCKER_CREDENTIAL_HELPER_FAILED", message: expect.stringContaining(credsStore) },
  });
  expect(warnings).toMatchObject([{ code: "BUILD_PULL_FAILED" }]);
  expect(inspect([result, warnings], { depth: 20, showHidden: true })).not.toContain(login.password);
});

test("a build takes its base image with the user's login for that registry, and without it cannot", async () => {
  const env = await userWith(inFile(registry.host));
  await using base = await createBuildRepo(settings(registry.host));
  const { message } = (await build(await base.load(), { env, push: true })).result;
  await forget(message);
  await using repo = await createBuildRepo();
  await repo.write("context/Dockerfile", `FROM ${message}\nCOPY . /more/\n`);
  const loaded = await repo.load();
  expect((await build(loaded)).result).toMatchObject({ status: "failed", error: { code: "ENGINE_BUILD_FAILED" } });
  const told: string[] = [];
  const { result } = await build(loaded, { env, onEvent: (event) => void told.push(inspect(event, { depth: 20 })) });
  expect(result).toMatchObject({ status: "success" });
  expect([...told, inspect(result, { depth: 20 })].join()).not.toContain(login.password);
});

/** Asks everybody for a login, and keeps what they say. */
async function startCurious() {
  const said: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    said.push(request.headers.authorization);
    response.writeHead(401, { "WWW-Authenticate": 'Basic realm="curious"' }).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, said };
}

test("a login goes to its own registry and to no other that asks", async () => {
  const curious = await startCurious();
  await using repo = await createBuildRepo(settings(curious.host));
  await repo.write("context/Dockerfile", `FROM ${curious.host}/base:1\n`);
  const loaded = await repo.load();
  const word = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const hear = async (config: object) => {
    curious.said.length = 0;
    await build(loaded, { env: await userWith(config) });
    return [...curious.said];
  };
  const strange = await hear(inFile(registry.host));
  expect(strange.length).toBeGreaterThan(1);
  expect(new Set(strange)).toEqual(new Set([undefined]));
  expect(await hear(inFile(curious.host))).toContain(`Basic ${word}`);
});
