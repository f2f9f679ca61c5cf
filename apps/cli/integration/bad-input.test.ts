import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { closedPort, createKeyPair, type Lab, type LabJson, type LabJsonHost, labJson, startLab } from "@otto/lab";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readEngineState } from "./engine-state.js";
import { type JsonLine, runJson, runOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

const password = "hunter2-of-the-lab";
let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});
beforeEach(async () => {
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await writeLab({});
});
afterEach(async () => {
  await repo[Symbol.asyncDispose]();
});

/** Writes the lab with changes to hosts; each has a password, which must never be seen. */
async function writeLab(changes: Readonly<Record<string, (host: LabJsonHost) => object>>): Promise<void> {
  const { hosts } = labJson(lab, "veg") as LabJson;
  const changed = hosts.map((host) => ({
    ...host,
    creds: [{ login: host.user, password }],
    ...changes[host.element]?.(host),
  }));
  await repo.write("lab.json", JSON.stringify({ hosts: changed, links: [] }, null, 1));
}

interface Failure {
  readonly exitCode: number | null;
  readonly error: JsonLine;
}

/**
 * Runs `otto` twice, for a program and for a person, and holds both to the rules: an error object; a message and a hint
 * on stderr without a stack trace; no secret anywhere.
 */
async function fail(...argv: string[]): Promise<Failure> {
  const { exitCode, lines, stdout } = await runJson(repo.place, argv);
  const error = lines.find((line) => line.type === "error");
  if (error === undefined) throw new Error(`no error object in:\n${stdout}`);
  const told = await runOtto(repo.place, ["--quiet", ...argv]);
  expect(told.exitCode).toBe(exitCode);
  expect(told.stderr).toMatch(/^error\[[A-Z_]+\]: /);
  expect(told.stderr).not.toMatch(/^ +at .*[:(]\d+/m);
  expect(stdout + told.stdout + told.stderr).not.toContain(password);
  return { exitCode, error };
}

test("broken TOML names file and line", async () => {
  await repo.write(".otto/settings.toml", 'name = "a"\nversion = \n');
  expect(await fail("docker", "build")).toMatchObject({
    exitCode: 2,
    error: { code: "CONFIG_SYNTAX", message: expect.stringContaining("settings.toml:2: "), hint: expect.any(String) },
  });
});

test("an unknown key names file and key path and the key that was meant", async () => {
  await repo.write(".otto/settings.toml", settings(repo.name, 'profils = ["debug"]\n'));
  expect(await fail("docker", "up")).toMatchObject({
    exitCode: 2,
    error: {
      code: "CONFIG_UNKNOWN_KEY",
      message: expect.stringContaining("docker.composes[0].profils: unknown key"),
      hint: 'Did you mean "profiles"?',
    },
  });
});

test.each([
  ["docker/Dockerfile", "CONTEXT_DOCKERFILE_NOT_FOUND"],
  ["docker", "CONTEXT_NOT_FOUND"],
])("a missing %s is a failed image that names it", async (path, code) => {
  await rm(join(repo.root, path), { recursive: true });
  if (path === "docker") await repo.write("other/compose.yml", "services: {}\n");
  const { exitCode, error } = await fail("docker", "build");
  expect([exitCode, error.code]).toEqual([1, code]);
  expect(error.message).toContain(join(repo.root, path));
});

test("a Dockerfile that fails at its second step gives that step's output, and nothing is tagged", async () => {
  await repo.write("docker/Dockerfile", "FROM scratch\nCOPY root /\nRUN echo words of step $((40 + 2)); exit 4\n");
  const { exitCode, error } = await fail("docker", "build");
  expect([exitCode, error.code]).toEqual([1, "ENGINE_BUILD_FAILED"]);
  expect(error.details).toMatchObject({ output: expect.stringContaining("words of step 42") });
  const told = (await runOtto(repo.place, ["docker", "build"])).stderr;
  // Its output and its place once, as docker shows them.
  expect(told.match(/^.*words of step 42$/gm)).toHaveLength(1);
  expect(told).toMatch(/^ +docker\/Dockerfile:(\d+)\n +-+\n(?:.*\n)*? +\1 \| >>> RUN /m);
  expect((await runOtto(repo.place, ["docker", "build", "--quiet"])).stderr).toContain("words of step 42");
  expect((await readEngineState(repo.name)).tags).toEqual([]);
});

test("an image that no setting declares is named with those that are", async () => {
  await repo.write("docker/compose.yml", "services:\n  web:\n    image: api:nowhere\n");
  const { exitCode, error } = await fail("docker", "up");
  expect([exitCode, error.code]).toEqual([1, "COMPOSE_UP_FAILED"]);
  expect(error.hint).toBe(
    `The image api:nowhere of the service web was not on parent; those of the settings are ${repo.name}-api:latest.`,
  );
});

test("what Compose refuses goes by its name in the repository", async () => {
  await repo.write("docker/compose.yml", `services:\n  web:\n    imag: ${repo.name}-api:latest\n`);
  const { error } = await fail("docker", "up");
  expect(error.message).toMatch(/: validating docker\/compose\.yml: /);
});

test("a service's name alone is its container, which does not run here", async () => {
  const { exitCode, error } = await fail("host", "api", "exec", "ls");
  expect([exitCode, error.code]).toEqual([255, "HOST_NOT_RUNNING"]);
  expect(error.message).toContain(`parent.${repo.name}.api`);
});

test("a failed build keeps up from starting anything", async () => {
  await repo.write("docker/Dockerfile", "FROM scratch\nCOPY root /\nRUN echo words of step $((40 + 2)); exit 4\n");
  const { exitCode, error } = await fail("docker", "up");
  expect([exitCode, error.code]).toEqual([1, "BUILD_FAILED"]);
  expect(error.details).toMatchObject({ output: expect.stringContaining("words of step 42") });
  expect(await readEngineState(repo.name)).toEqual({ containers: [], networks: [], tags: [] });
});

test.each<[string, string[], string, RegExp]>([
  ["host", ["docker", "up", "--on", "parnet"], "LAB_UNKNOWN_HOST", /"parent".*bastion, parent/],
  ["repository", ["docker", "up", "--repo", "nope"], "CONFIG_UNKNOWN_REPO", /cli[0-9a-f]{8}/],
  ["image", ["docker", "build", "nope"], "BUILD_IMAGE_UNKNOWN", /api/],
  ["lab", ["--lab", "vge", "docker", "build"], "LAB_UNKNOWN", /"veg"/],
])("an unknown %s is a wrong use that names the known ones", async (_, argv, code, hint) => {
  const { exitCode, error } = await fail(...argv);
  expect([exitCode, error.code]).toEqual([2, code]);
  expect(error.hint).toMatch(hint);
});

test("a host without docker is no parent", async () => {
  const { exitCode, error } = await fail("docker", "build", "--on", "bastion");
  expect([exitCode, error.code]).toEqual([2, "LAB_HOST_NOT_DOCKER_CAPABLE"]);
  expect(error.hint).toContain("parent");
});

test.each(["bastion", "parent"] as const)("a refused connection names the hop %s", async (hop) => {
  await writeLab({ [hop]: (host) => ({ ssh_options: { ...host.ssh_options, port: closedPort } }) });
  const { exitCode, error } = await fail("docker", "build");
  expect([exitCode, error.code]).toEqual([1, "SSH_CONNECT_FAILED"]);
  expect(error.message).toContain(hop);
  expect(error.message).toContain(String(closedPort));
});

test.each(["bastion", "parent"] as const)("a key that is not let in names the hop %s", async (hop) => {
  const { privateKeyPath } = await createKeyPair("ed25519", join(repo.root, "wrong_key"));
  await chmod(privateKeyPath, 0o600);
  await writeLab({ [hop]: (host) => ({ ssh_options: { ...host.ssh_options, client_keys: [privateKeyPath] } }) });
  const { exitCode, error } = await fail("docker", "ps", "--all-stacks", "--on", "parent");
  expect([exitCode, error.code]).toEqual([1, "SSH_AUTH_FAILED"]);
  expect(error.message).toContain(hop);
});

test.each(["bastion", "parent"] as const)("a host key that changed names the hop %s", async (hop) => {
  const { publicKey } = await createKeyPair("ed25519", join(repo.root, "other_host"));
  const { address, port } = lab.hosts[hop];
  await repo.write("known_hosts", `[${address}]:${port} ${publicKey}\n`);
  await writeLab({ [hop]: (host) => ({ ssh_options: { ...host.ssh_options, known_hosts: ["known_hosts"] } }) });
  const { exitCode, error } = await fail("docker", "up");
  expect([exitCode, error.code]).toEqual([1, "SSH_HOST_KEY_CHANGED"]);
  expect(error.message).toContain(hop);
});

test("a command behind a dead hop never ran: 255", async () => {
  await writeLab({ bastion: (host) => ({ ssh_options: { ...host.ssh_options, port: closedPort } }) });
  for (const verb of ["exec", "run"]) {
    const { exitCode, error } = await fail("host", "parent", verb, "true");
    expect([exitCode, error.code]).toEqual([255, "SSH_CONNECT_FAILED"]);
  }
});

test("ps shows a dead parent as a row beside the others, and fails", async () => {
  await writeLab({ parent: (host) => ({ ssh_options: { ...host.ssh_options, port: closedPort } }) });
  const { exitCode, lines } = await runJson(repo.place, ["docker", "ps", "--all-stacks", "--lab", "veg+local"]);
  expect(exitCode).toBe(1);
  expect(lines.filter((line) => line.parent === "parent")).toMatchObject([
    { type: "error", code: "SSH_CONNECT_FAILED" },
  ]);
  const told = await runOtto(repo.place, ["docker", "ps", "--all-stacks", "--lab", "veg+local"]);
  expect([told.exitCode, told.stdout]).toEqual([1, expect.stringMatching(/^parent +error\[SSH_CONNECT_FAILED\]: /m)]);
});

test("ps fails when no parent answers", async () => {
  await writeLab({ bastion: (host) => ({ ssh_options: { ...host.ssh_options, port: closedPort } }) });
  expect(await fail("docker", "ps", "--all-stacks")).toMatchObject({
    exitCode: 1,
    error: { code: "SSH_CONNECT_FAILED" },
  });
});

test("a parent without docker compose says so, and nothing is left", async () => {
  // The machine's own docker, in a mount namespace where its plugins are out of sight.
  const directories = "/usr/libexec/docker /usr/lib/docker /usr/local/lib/docker /usr/local/libexec/docker";
  const hide = `for d in ${directories}; do [ -d "$d/cli-plugins" ] && mount -t tmpfs none "$d/cli-plugins"; done; exec docker "$@"`;
  const command = ["unshare", "--mount", "sh", "-c", hide, "docker"];
  await writeLab({ parent: () => ({ docker: { command } }) });
  const { exitCode, error } = await fail("docker", "up");
  expect([exitCode, error.code]).toEqual([1, "COMPOSE_MISSING"]);
  expect(error.message).toContain("parent");
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});

test("a compose file that compose refuses gives its words, and nothing is left", async () => {
  await repo.write(
    "docker/compose.yml",
    `services:\n  api:\n    image: ${repo.name}-api:latest\n    restart: [often]\n`,
  );
  const { exitCode, error } = await fail("docker", "up");
  expect([exitCode, error.code]).toEqual([1, "COMPOSE_UP_FAILED"]);
  expect(error.message).toContain("restart");
  expect(await readEngineState(repo.name)).toMatchObject({ containers: [], networks: [] });
});

test("a compose file that is missing is named", async () => {
  await rm(join(repo.root, "docker/compose.yml"));
  const { error } = await fail("docker", "up");
  expect(error.code).toBe("COMPOSE_FILE_MISSING");
  expect(error.message).toContain("docker/compose.yml");
});
