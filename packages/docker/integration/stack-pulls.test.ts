import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeDown, composeUp, formatUpStep, type Lab, openLab, planComposeUp, type Repo } from "@otto/docker";
import { startLab, startRegistry } from "@otto/lab";
import { expect, test } from "vitest";
import { createStackRepo, recordEvents } from "./stack-lab.js";

const execute = promisify(execFile);
const login = { username: "ada", password: `secret-${randomBytes(6).toString("hex")}` };

/** A registry that lets only `login` in, and what puts an image into it that no engine here has. */
async function startPrivateRegistry(image: string, configDir: string) {
  const registry = await startRegistry(login);
  const reference = `${registry.host}/private:1`;
  const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const config = join(configDir, "config.json");
  await mkdir(configDir, { recursive: true });
  await writeFile(config, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const push = async (word: string) => {
    const build = 'printf "FROM %s\\nENV WORD=%s\\n" "$1" "$2" | docker build --quiet -t "$3" -';
    await execute("sh", ["-c", build, "sh", image, word, reference]);
    await execute("docker", ["--config", configDir, "push", "--quiet", reference]);
    await execute("docker", ["image", "rm", "--force", reference]);
  };
  return { registry, reference, config, push };
}

test("private images are pulled with the login that is here, and nothing of it is on the parent", async () => {
  await using running = await startLab({ hosts: { parent: {} } });
  await using stack = await createStackRepo("services: {}", running);
  const here = join(stack.root, "config");
  const { registry, reference, config, push } = await startPrivateRegistry(stack.image, here);
  await using _ = registry;
  // Of a registry that the files do not name, nobody is to be asked.
  const helper = join(stack.root, "docker-credential-spy");
  await writeFile(helper, `#!/bin/sh\ncat >>'${stack.root}/asked'\nexit 1\n`);
  await chmod(helper, 0o755);
  const known = JSON.parse(await readFile(config, "utf8")) as object;
  await writeFile(config, JSON.stringify({ ...known, credHelpers: { "other.example": "spy" } }));
  await push("old");
  await stack.write(
    "compose.yml",
    `services:
  a: { image: "${reference}", init: true, network_mode: none }
  b: { image: "${reference}", init: true, network_mode: none, pull_policy: always }
  c: { image: "$IMAGE", init: true, network_mode: none }
`,
  );
  const env = { ...process.env, PATH: `${stack.root}:${process.env.PATH}`, OTTO_COMPOSE_SUFFIX: "ci" };
  const options = { cwd: stack.root, home: running.directory, lab: "lab" };
  const blank = { OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined, OTTO_TRUST: stack.root };
  await using lab: Lab = await openLab({ ...options, env: { ...env, ...blank, DOCKER_CONFIG: here } });
  const repo = lab.repos[0] as Repo;
  const said: string[] = [];
  const onEvent = (event: object) => said.push(JSON.stringify(event));
  try {
    const plan = (await planComposeUp(repo, lab)).map(formatUpStep);
    expect(plan).toEqual([
      "a: pull (its image is not there)",
      "a: create (it has no container)",
      "b: pull (its pull_policy is always)",
      "b: create (it has no container)",
      "c: create (it has no container)",
    ]);
    const { a } = await composeUp(repo, lab, { onEvent });
    expect((await a?.exec("echo $WORD"))?.stdout.toString()).toBe("old\n");
    await push("new");
    const events = await recordEvents(stack.project, () => composeUp(repo, lab, { onEvent }));
    expect(new Set(events.map((line) => line.split(" ")[0]))).toEqual(new Set(["a", "b"]));
    expect(await readdir(running.hosts.parent.homePath)).not.toContain(".docker");
    expect(await readdir(stack.root)).not.toContain("asked");
    expect(said.join("\n")).not.toContain(login.password);
  } finally {
    await composeDown(repo, lab);
    await execute("docker", ["image", "rm", "--force", reference]);
  }
});

test("a login that the registry refuses is a warning, and compose's own words are the error", async () => {
  await using running = await startLab({ hosts: { parent: {} } });
  await using stack = await createStackRepo("services: {}", running);
  const here = join(stack.root, "config");
  const { registry, reference, config } = await startPrivateRegistry(stack.image, here);
  await using _ = registry;
  const auth = Buffer.from("ada:wrong-password").toString("base64");
  await writeFile(config, JSON.stringify({ auths: { [registry.host]: { auth } } }));
  await stack.write("compose.yml", `services:\n  a: { image: "${reference}" }\n`);
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined };
  const trusted = { ...env, OTTO_TRUST: stack.root, DOCKER_CONFIG: here };
  await using lab = await openLab({ cwd: stack.root, env: trusted, home: running.directory, lab: "lab" });
  const warnings: string[] = [];
  const up = composeUp(lab.repos[0] as Repo, lab, {
    onEvent: (event) => event.type === "compose.warning" && warnings.push(event.message),
  });
  await expect(up).rejects.toMatchObject({ code: "COMPOSE_UP_FAILED", message: expect.stringContaining("basic auth") });
  expect(warnings).toEqual([expect.stringMatching(/private:1.*unauthorized.*logins of parent/s)]);
});
