import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createBusyboxImage,
  createKeyPair,
  type Lab,
  type LabJsonHost,
  labJson,
  startLab,
  type TestImage,
} from "@otto/lab";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Run, runJson, runOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);

/** Clears the screen, sets the title, is red by a C1 control, ends a line, turns the text around. */
const evil = "evil\u001b[2J\u001b]0;owned\u0007\u009b31m\u0085\u202eback\u2066x\u200f\u2028end";
const escaped = "evil\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u0085\\u202eback\\u2066x\\u200f\\u2028end";
const obeyed = /[^\P{Cc}\n]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

let lab: Lab<"parent">;
let repo: TestRepo;
let image: TestImage;
let disposals: AsyncDisposable[] = [];

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  image = await createBusyboxImage(`${repo.name}-odd:1`);
  const socket = join(lab.directory, "liar.sock");
  const gate = await startHostileSshd(lab.directory);
  disposals = [await startLiar(socket), gate];
  const [parent] = labJson(lab, "veg").hosts as [LabJsonHost];
  const liar = { ...parent, element: "liar", docker: { socket } };
  const options = { ...parent.ssh_options, port: gate.port, host_key: gate.fingerprint };
  const hosts = [parent, liar, { ...parent, element: "gate", docker_capable: false, ssh_options: options }];
  await repo.write("lab.json", JSON.stringify({ hosts, links: [] }));
});

afterAll(async () => {
  await execute("sh", ["-c", 'docker ps -aq --filter "label=otto-test=$1" | xargs -r docker rm -f', "sh", repo.name]);
  for (const one of disposals) await one[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** An engine all of whose words are hostile. */
async function startLiar(path: string): Promise<AsyncDisposable> {
  const container = {
    Id: "f".repeat(64),
    Names: [`/${evil}\nreal row`],
    Image: evil,
    ImageID: "sha256:0",
    Command: evil,
    Created: 0,
    State: evil,
    Status: evil,
    Ports: [{ IP: evil, PrivatePort: 80, PublicPort: 8080, Type: evil }],
    Labels: { [evil]: evil },
    NetworkSettings: { Networks: { [evil]: {} } },
    Mounts: [{ Name: evil }],
  };
  const version = { Version: evil, ApiVersion: "1.45", Os: "linux", Arch: evil, Components: [{ Name: "Engine" }] };
  const server = createHttpServer((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url?.includes("/version")) return response.end(JSON.stringify(version));
    if (request.url?.includes("/containers/json")) return response.end(JSON.stringify([container]));
    response.statusCode = 500;
    return response.end(JSON.stringify({ message: evil }));
  });
  server.listen(path);
  await once(server, "listening");
  return { [Symbol.asyncDispose]: async () => void server.close() };
}

/** An SSH server that greets and names login methods as it likes, and lets nobody in. */
async function startHostileSshd(directory: string) {
  const key = await createKeyPair("ed25519", join(directory, "hostile_key"));
  const hostKeys = [await readFile(key.privateKeyPath)];
  const server = new ssh2.Server({ hostKeys, banner: evil }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => context.reject([evil as "password", "publickey"]));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    fingerprint: key.fingerprint,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** Runs `otto` for a person and for a program; nothing that a terminal obeys comes out of either. */
async function runBoth(argv: readonly string[], place = repo.place): Promise<{ told: Run; json: Run }> {
  const [told, json] = await Promise.all([runOtto(place, ["--log-level", "debug", ...argv]), runJson(place, argv)]);
  for (const text of [told.stdout, told.stderr, json.stdout, json.stderr]) expect(text).not.toMatch(obeyed);
  return { told, json };
}

async function createContainer(labels: Readonly<Record<string, string>>): Promise<void> {
  const words = Object.entries({ ...labels, "otto-test": repo.name }).flatMap(([key, value]) => [
    "--label",
    `${key}=${value}`,
  ]);
  const { stdout } = await execute("docker", [
    "create",
    ...words,
    image.tag,
    "sh",
    "-c",
    // What a program writes that ends at once, the engine may lose.
    "printf 'own \\033[1mbytes\\n'; sleep 0.2",
  ]);
  await execute("docker", ["start", "--attach", stdout.trim()]);
}

test("ps shows what a lying engine says as escapes, in one row", async () => {
  const { told, json } = await runBoth(["docker", "ps", "--all-stacks", "--on", "liar"]);
  const rows = told.stdout.trimEnd().split("\n");
  expect(rows).toHaveLength(2);
  expect(rows[1]).toContain(`${escaped}\\u000areal row`);
  expect(JSON.parse(json.stdout.split("\n")[0] ?? "")).toMatchObject({ Names: `${evil}\nreal row`, Image: evil });
});

test("ps escapes labels of foreign containers to a program", async () => {
  await createContainer({ [evil]: evil });
  const { json } = await runBoth(["docker", "ps", "--all-stacks", "--all", "--on", "parent"]);
  expect(json.stdout).toContain(`${escaped}=${escaped}`);
});

test("the prefix of a log line is cleaned, the container's own bytes are not", async () => {
  await createContainer({
    "com.docker.compose.project": repo.project,
    "com.docker.compose.service": evil,
    "com.docker.compose.container-number": "1",
  });
  const told = await runOtto(repo.place, ["docker", "logs", "--on", "parent"]);
  expect(told.stdout).toBe(`${escaped} | own \u001b[1mbytes\n`);
  const json = await runJson(repo.place, ["docker", "logs", "--on", "parent"]);
  expect(json.stdout).not.toMatch(obeyed);
  expect(json.lines[0]).toMatchObject({ service: evil, line: "own \u001b[1mbytes" });
  await runBoth(["-n", "docker", "down", "--on", "parent"]);
});

test("doctor shows what an engine and an SSH server say as escapes", async () => {
  const liar = await runBoth(["doctor", "liar"]);
  expect(liar.told.stdout).toContain("Docker evil\\u001b[2J");
  const gate = await runBoth(["doctor", "gate"]);
  expect(gate.told.stdout).toContain("the server takes evilback");
  expect((await runBoth(["host", "gate", "exec", "true"])).told.stderr).toContain("the server takes evilback");
});

test("an engine's error is an error without them", async () => {
  const { told } = await runBoth(["docker", "up", "--on", "liar", "--no-build"]);
  expect(told.exitCode).toBe(1);
});

test.each([
  [
    "a lab's name",
    "lab.json",
    JSON.stringify({ hosts: [{ ip: "a", element: "a", creds: [{ login: "u" }], labs: [evil] }] }),
    "LAB_INVALID",
  ],
  [
    "a host's name",
    "lab.json",
    JSON.stringify({ hosts: [{ ip: "a", element: evil, creds: [{ login: "u" }], labs: ["veg"] }] }),
    "LAB_INVALID",
  ],
  [
    "a repo's name",
    ".otto/settings.toml",
    settings("x").replace('"x"', JSON.stringify(evil).replace(/[\u0080-\uffff]/g, asEscape)),
    "CONFIG_INVALID",
  ],
  [
    "a service's name",
    "docker/compose.yml",
    JSON.stringify({ services: { [evil]: { image: "x" } } }),
    "COMPOSE_FILE_INVALID",
  ],
  ["broken YAML", "docker/compose.yml", `services: [${evil}`, "COMPOSE_FILE_INVALID"],
  ["broken TOML", ".otto/settings.toml", `name = ${evil}`, "CONFIG_SYNTAX"],
  ["broken JSON", "lab.json", `{ ${evil}`, "LAB_SYNTAX"],
])("%s that holds them is refused where it is declared, and shown as escapes", async (_, path, content, code) => {
  await using clone = await createTestRepo({ OTTO_LAB: "veg" });
  await clone.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  await clone.write(path, content);
  const { json } = await runBoth(["--list-hosts"], clone.place);
  expect(json.stdout).toContain(`"code":"${code}"`);
  await Promise.all(
    [
      ["--lab", ""],
      ["host", ""],
      ["docker", "up", "--repo", ""],
      ["docker", "logs", ""],
    ].map(async (words) => {
      const { stdout } = await runOtto(clone.place, ["completion", "zsh", "--", ...words]);
      expect(stdout.replaceAll("\t", "")).not.toMatch(obeyed);
    }),
  );
});

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

test("a directory and files of such names: the settings that init writes work, and completion leaves them out", async () => {
  const cwd = join(repo.root, `odd ${evil}`);
  await mkdir(cwd);
  await writeFile(join(cwd, "package.json"), JSON.stringify({ name: evil, version: `1\u007f${evil}` }));
  await writeFile(join(cwd, `file-${evil}`), "");
  await writeFile(join(cwd, "file-fine"), "");
  const place = { ...repo.place, cwd, env: { ...repo.place.env, OTTO_LAB: "" } };
  await writeFile(join(cwd, "lab.json"), '{ "hosts": [] }');
  await runBoth(["-n", "init", "--here"], place);
  expect((await runOtto(place, ["init", "--here"])).exitCode).toBe(0);
  expect((await runBoth(["--list-hosts"], place)).told.exitCode).toBe(0);
  const { stdout } = await runOtto(place, ["completion", "zsh", "--", "host", "local", "put", "file-"]);
  expect(stdout).toBe("file-fine\n");
});

test.each([
  [2, ["--lab", evil, "--list-hosts"]],
  [2, ["docker", "build", "--on", "parent", evil]],
  [2, ["docker", "up", "--on", evil]],
  [255, ["host", `parent.${evil}.api`, "exec", "true"]],
  [2, ["run", evil]],
  [2, [`--${evil}`]],
  [0, ["-n", "host", "parent", "exec", evil]],
])("words of the command line come back as escapes, with %i", async (exitCode, argv) => {
  expect((await runBoth(argv)).told.exitCode).toBe(exitCode);
});
