import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { buildImages } from "@otto/build";
import { expect, onTestFinished, test } from "vitest";
import { type Question, startCuriousEngine } from "./curious-engine.js";
import { createBuildRepo } from "./local-build.js";

const login = (host: string) => ({ auth: Buffer.from(`ada:word-of-${host}`).toString("base64") });

/** Variables of a user who is logged in to these registries. */
async function userOf(...hosts: string[]) {
  const directory = await mkdtemp(join(tmpdir(), "otto-docker-config-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const auths = Object.fromEntries(hosts.map((host) => [host, login(host)]));
  await writeFile(join(directory, "config.json"), JSON.stringify({ auths }));
  return { DOCKER_CONFIG: directory };
}

const credentials = (text: string): Question => ({ method: "/moby.filesync.v1.Auth/Credentials", text });

test("an engine gets the logins of the registries that the build names, and of no other that it asks for", async () => {
  const named = ["from.example", "copy.example:5000", "cache.example", "frontend.example"];
  const others = ["other.example", "https://index.docker.io/v1/", "copy.example", "evil-from.example"];
  await using engine = await startCuriousEngine(
    [...named, ...others, "registry-1.docker.io", "FROM.example", ""].map(credentials),
  );
  await using repo = await createBuildRepo(`cache_from = ["cache.example/a"]\n`);
  await repo.write(
    "context/Dockerfile",
    "# syntax=frontend.example/f\nFROM from.example/a\nCOPY --from=copy.example:5000/b /b /\n",
  );
  const env = await userOf(...named, ...others);
  const { api } = await buildImages(await repo.load(), engine.parent, { env });
  expect(api?.status).toBe("failed");
  const told = engine.answers.map((answer) => /word-of-[\w.:-]+/.exec(answer)?.[0]);
  expect(told).toEqual([...named.map((host) => `word-of-${host}`), ...Array.from({ length: 7 }, () => undefined)]);
});

test("what an engine got and says in its failure is not shown", async () => {
  await using engine = await startCuriousEngine([
    credentials("from.example"),
    { method: "/moby.buildkit.secrets.v1.Secrets/GetSecret", text: "token" },
  ]);
  await using repo = await createBuildRepo(`secrets = [{ id = "token", env = "TOKEN" }]\n`);
  await repo.write("context/Dockerfile", "FROM from.example/a\n");
  const env = { ...(await userOf("from.example")), TOKEN: "the-token" };
  const results = await buildImages(await repo.load(), engine.parent, { env });
  expect(engine.answers.join()).toMatch(/word-of-from.example.*the-token/s);
  const shown = inspect(results, { depth: 20, showHidden: true });
  expect(shown).toContain("[redacted]");
  expect(shown).not.toMatch(/word-of|the-token/);
});

test("an engine that asks for what no object has by itself gets nothing", async () => {
  const names = ["constructor", "__proto__", "toString"];
  await using engine = await startCuriousEngine([
    ...names.map((text) => ({ method: "/moby.sshforward.v1.SSH/CheckAgent", text })),
    ...names.map((text) => ({ method: "/moby.sshforward.v1.SSH/ForwardAgent", text })),
    ...names.map((text) => ({ method: "/moby.buildkit.secrets.v1.Secrets/GetSecret", text })),
  ]);
  await using repo = await createBuildRepo();
  const { api } = await buildImages(await repo.load(), engine.parent, {});
  expect(api).toMatchObject({ status: "failed", error: { code: "ENGINE_BUILD_FAILED" } });
  expect(engine.answers.join("")).toBe("");
});
