import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composePull,
  composeUp,
  formatUpStep,
  type Lab,
  openLab,
  planComposePull,
  planComposeUp,
  type Repo,
} from "@otto/docker";
import { type HostOptions, startLab, startRegistry } from "@otto/lab";
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

const narrow: HostOptions = { maxSessions: 1, allowTcpForwarding: false, allowStreamLocalForwarding: false };

test.each([
  ["a usual server", {}],
  ["a server with one session and no forwarding", narrow],
])(
  "over %s private images are pulled with the login that is here, and nothing of it is on the parent",
  async (_, host) => {
    await using running = await startLab({ hosts: { parent: host } });
    // A docker client that a test ran there before may have left a directory.
    const before = await readdir(running.hosts.parent.homePath);
    await using stack = await createStackRepo("services: {}", running);
    const here = join(stack.root, "config");
    const { registry, reference, config, push } = await startPrivateRegistry(stack.image, here);
    await using _registry = registry;
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
        "b: pull (its pull_policy is always)",
        "a: create (it has no container)",
        "b: create (it has no container)",
        "c: create (it has no container)",
      ]);
      const { a } = await composeUp(repo, lab, { onEvent });
      expect((await a?.exec("echo $WORD"))?.stdout.toString()).toBe("old\n");
      await push("new");
      const events = await recordEvents(stack.project, () => composeUp(repo, lab, { onEvent }));
      expect(new Set(events.map((line) => line.split(" ")[0]))).toEqual(new Set(["a", "b"]));
      const after = await readdir(running.hosts.parent.homePath);
      expect(after.filter((name) => !before.includes(name))).not.toContain(".docker");
      expect(await readdir(stack.root)).not.toContain("asked");
      expect(said.join("\n")).not.toContain(login.password);
    } finally {
      await composeDown(repo, lab);
      await execute("docker", ["image", "rm", "--force", reference]);
    }
  },
);

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

/** Compose 2.26 knows no every_…: this docker has a Compose that does, as far as otto asks it. */
const laterDocker = `#!/bin/sh
last=
for word; do
  shift
  if [ "$last" = --file ] && grep -q every_ "$word"; then
    copy=$(mktemp) && sed 's/every_[0-9a-z]*/missing/' "$word" >"$copy"
    word=$copy
  fi
  set -- "$@" "$word"
  last=$word
  [ "$word" != "\${copy-}" ] || last=
done
exec /usr/bin/docker "$@"
`;

test("an image is asked for again when its time is over, and its container replaced when there is a newer one", async () => {
  await using running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const bin = join(running.directory, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "docker"), laterDocker, { mode: 0o755 });
  await using stack = await createStackRepo("services: {}", running, { command: [join(bin, "docker")] });
  const here = join(stack.root, "config");
  const { registry, reference, push } = await startPrivateRegistry(stack.image, here);
  await using _registry = registry;
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined };
  const withPolicy = async <T>(policy: string, use: (lab: Lab, repo: Repo) => Promise<T>) => {
    const service = `{ image: "${reference}", init: true, network_mode: none, pull_policy: ${policy} }`;
    await stack.write("compose.yml", `services:\n  a: ${service}\n`);
    const own = { OTTO_TRUST: stack.root, DOCKER_CONFIG: here };
    await using lab = await openLab({ cwd: stack.root, env: { ...env, ...own }, home: running.directory, lab: "lab" });
    return await use(lab, lab.repos[0] as Repo);
  };
  const plan = async (lab: Lab, repo: Repo) => (await planComposeUp(repo, lab)).map(formatUpStep);
  const word = async (lab: Lab, repo: Repo) =>
    (await (await composeUp(repo, lab)).a?.exec("echo $WORD"))?.stdout.toString();
  try {
    await push("old");
    expect(await withPolicy("every_1000w", word)).toBe("old\n");
    const id = ["container", "inspect", "--format", "{{.Image}}", `${stack.project}-a-1`];
    const old = (await execute("docker", id)).stdout.trim();
    await push("new");
    await execute("docker", ["tag", old, reference]);
    expect(await withPolicy("every_1000w", plan)).toEqual(["a: leave (it runs as declared)"]);
    expect(await withPolicy("every_1000w", word)).toBe("old\n");
    // The parent's clock tells seconds.
    await expect
      .poll(() => withPolicy("every_0s", plan))
      .toEqual([
        "a: pull (its pull_policy is every_0s)",
        "a: leave (it runs as declared, unless the registry has a newer image)",
      ]);
    expect(await withPolicy("every_0s", word)).toBe("new\n");
  } finally {
    await withPolicy("missing", (lab, repo) => composeDown(repo, lab));
    await execute("docker", ["image", "rm", "--force", reference]);
  }
});

test("pull asks registries for what docker compose pull does, with the login that is here, and changes no container", async () => {
  await using running = await startLab({ hosts: { parent: {} } });
  await using stack = await createStackRepo("services: {}", running);
  const here = join(stack.root, "config");
  const { registry, reference, push } = await startPrivateRegistry(stack.image, here);
  await using _registry = registry;
  await push("old");
  await stack.write(
    "compose.yml",
    `services:
  web: { image: "${reference}", init: true, network_mode: none, depends_on: [never] }
  never: { image: "$IMAGE", init: true, network_mode: none, pull_policy: never }
  made: { build: { dockerfile_inline: "FROM $IMAGE" }, init: true, network_mode: none }
  extra: { image: "${registry.host}/none:1", profiles: [extra] }
`,
  );
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: "ci", DOCKER_CONFIG: here };
  const blank = { OTTO_SUT_DIRS: undefined, OTTO_LAB: undefined, OTTO_TRUST: stack.root };
  await using lab = await openLab({ cwd: stack.root, home: running.directory, lab: "lab", env: { ...env, ...blank } });
  const repo = lab.repos[0] as Repo;
  const idOf = async () => (await execute("docker", ["image", "inspect", "--format", "{{.Id}}", reference])).stdout;
  const pulled = (isNew: boolean) => [{ service: "web", image: reference, isNew }];
  try {
    expect((await planComposePull(repo, lab)).map(formatUpStep)).toEqual(["web: pull (its image is not there)"]);
    expect(await composePull(repo, lab)).toEqual(pulled(true));
    const { web } = await composeUp(repo, lab);
    await push("new");
    // The reference pulls by its own client, with the login in its configuration; the image is taken away again.
    const compose = ["--config", here, "compose", "-f", join(stack.root, "compose.yml"), "-p", "reference"];
    await execute("docker", [...compose, "pull", "--quiet", "--ignore-buildable"]);
    const wanted = await idOf();
    await execute("docker", ["image", "rm", "--force", reference]);
    const events = await recordEvents(stack.project, () => composePull(repo, lab, { services: ["web"] }));
    expect([await idOf(), events]).toEqual([wanted, []]);
    expect(await composePull(repo, lab)).toEqual(pulled(false));
    expect((await web?.exec("echo $WORD"))?.stdout.toString()).toBe("old\n");
    expect((await (await composeUp(repo, lab)).web?.exec("echo $WORD"))?.stdout.toString()).toBe("new\n");
    expect(await composePull(repo, lab, { services: ["never"] })).toEqual([]);
    await expect(composePull(repo, lab, { services: ["wb"] })).rejects.toThrow(/it has no service wb/);
    await expect(composePull(repo, lab, { services: ["extra"] })).rejects.toMatchObject({
      code: "COMPOSE_UP_FAILED",
      message: expect.stringMatching(/^docker compose pull of .* on parent: .*no basic auth credentials/),
    });
  } finally {
    await composeDown(repo, lab);
    await execute("docker", ["image", "rm", "--force", reference]);
  }
});
