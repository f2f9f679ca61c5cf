import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createKeyPair, type Lab, labJson, layBusybox, startEngine, startLab, type TestEngine } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Canary, createCanaries, findCanaries, findInFiles, sampleArguments, sumOf } from "./canaries.js";
import { type Run, runOtto } from "./otto-process.js";

const execute = promisify(execFile);
const canaries = createCanaries();
const texts = canaries.filter(({ isText }) => isText);
const variable = (entrance: string, { name }: Canary) => `${entrance}_${name}`.toUpperCase();
const variables = (entrance: string) =>
  Object.fromEntries(texts.map((canary) => [variable(entrance, canary), canary.bytes.toString()]));

let engine: TestEngine;
let lab: Lab<"parent" | "locked">;
let root: string;
let sampled: ReturnType<typeof sampleArguments>;
/** What was told, by command; searched as it comes, and once more with all that JSON holds in a row. */
const told = new Map<string, string>();

beforeAll(async () => {
  [engine, lab, root] = await Promise.all([
    startEngine(),
    startLab({ hosts: { parent: {}, locked: { authentication: ["password"] } } }),
    mkdtemp(join(tmpdir(), "otto-secrets-")),
  ]);
  // The parent's login is not root.
  await chmod(dirname(engine.socketPath), 0o755);
  await chmod(engine.socketPath, 0o666);
  await layBusybox(join(root, "app/root"));
  await write("app/root/control", "control-of-the-search");
  for (const { name, bytes } of canaries) await write(`secrets/${name}`, bytes);
  await write("lab.json", JSON.stringify(await hosts()));
  sampled = sampleArguments();
});

afterAll(async () => {
  sampled[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** The parent, and for each canary one whose password, and one whose passphrase it is: both are wrong. */
async function hosts(): Promise<object> {
  const { hosts, links } = labJson(lab);
  const [parent, locked] = hosts;
  if (parent === undefined || locked === undefined) throw new Error("the lab has two hosts");
  const { privateKeyPath } = await createKeyPair("ed25519", join(root, "locked"), "another passphrase");
  const wrong = texts.flatMap((canary) => [
    {
      ...locked,
      element: `password-${canary.name}`,
      creds: [{ login: locked.user, password: canary.bytes.toString() }],
    },
    {
      ...parent,
      element: `passphrase-${canary.name}`,
      creds: [{ login: parent.user }],
      ssh_options: {
        ...parent.ssh_options,
        client_keys: [privateKeyPath],
        passphrase_env: variable("OTTO_PASSPHRASE", canary),
      },
    },
  ]);
  return {
    hosts: [
      { ...parent, docker: { socket: engine.socketPath } },
      ...wrong.map((host) => ({ ...host, docker_capable: false })),
    ],
    links,
  };
}

/** As a person has it, and with all that a program and a debug log may see. */
const ways = { plain: [], json: ["--json", "--log-level", "debug"] };

interface TellOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly what?: string;
  /** Default: both. */
  readonly only?: keyof typeof ways;
}

/** Runs a command in both ways, and keeps what it tells. */
async function tell(argv: readonly string[], options: TellOptions = {}): Promise<Run> {
  const { env, what = argv.join(" "), only } = options;
  const place = {
    cwd: root,
    env: { HOME: join(root, "home"), OTTO_LAB: "lab", OTTO_COMPOSE_SUFFIX: "ci", OTTO_TRUST: root, ...env },
  };
  const runs: Run[] = [];
  const trace = join(root, "traces", `${told.size}.json`);
  const tracing = ["build", "up", "down"].includes(argv[1] ?? "") ? ["--trace", trace] : [];
  for (const way of only === undefined ? Object.values(ways) : [ways[only]]) {
    runs.push(await runOtto(place, [...way, ...argv, ...tracing]));
  }
  if (tracing.length > 0) told.set(`trace of ${what}`, await readFile(trace, "utf8"));
  const json = runs.flatMap(({ stdout }) => stdout.split("\n").filter((line) => line.startsWith('{"type":')));
  const strings = json.flatMap((line) => stringsIn(JSON.parse(line))).join("");
  told.set(what, [...runs.flatMap(({ stdout, stderr }) => [stdout, stderr]), strings].join("\n"));
  const [run] = runs;
  if (run === undefined) throw new Error("a command runs once at least");
  return run;
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Prints secrets in many ways, those that are large in the first alone. */
const printing = (directory: string) => `for file in ${directory}/*; do
cat $file; case $file in *large*) continue; esac
echo "<$(cat $file)>"; base64 $file; printf "ada:%s" "$(cat $file)" | base64 -w 0; echo
head -c 3 $file; sleep 0.05; tail -c +4 $file
done`;

const secretIds = [
  ...canaries.map(({ name }) => `${name}-file`),
  ...texts.flatMap(({ name }) => [`${name}-env`, `${name}-command`]),
];
/** One newline of what a command prints is cut. */
const printer = ({ name }: Canary) => `command = ["sh", "-c", "cat secrets/${name}; echo"]`;
const sums = new Map([
  ...canaries.map((canary) => [`${canary.name}-file`, sumOf(canary)] as const),
  ...texts.flatMap((canary) =>
    ["env", "command"].map((origin) => [`${canary.name}-${origin}`, sumOf(canary)] as const),
  ),
]);

const configIds = secretIds.filter((id) => !id.endsWith("-command"));
const stackSettings = `[[docker.composes]]
path = "compose.yml"
secrets = [${texts.map((canary) => `{ id = "${canary.name}-command", ${printer(canary)} }`).join(", ")}]
`;

/** What `sha256sum` says of files that are named like the secrets. */
function parseSums(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => /^([0-9a-f]{64}) +.*?([a-z]+-(?:file|env|command))$/.exec(line));
  return new Map(lines.flatMap((found) => (found === null ? [] : [[found[2] ?? "", found[1] ?? ""] as const])));
}

const settings = (more: string) => `name = "canaries"
version = "1"
[[lab.sources]]
backend = "json"
paths = ["lab.json"]
${more}`;

function imageSettings(name: string): string {
  const files = canaries.map((canary) => `{ id = "${canary.name}-file", file = "secrets/${canary.name}" }`);
  const env = texts.map((canary) => `{ id = "${canary.name}-env", env = "${variable("BUILD", canary)}" }`);
  const commands = texts.map((canary) => `{ id = "${canary.name}-command", ${printer(canary)} }`);
  return `[[docker.images]]
name = "${name}"
context = "app"
dockerfile = "${name}.Dockerfile"
network = "host"
secrets = [${[...files, ...env, ...commands].join(", ")}]
`;
}

/** A stack whose services have all canaries as secrets, configs and variables, and print the secrets. */
function composeFile(more: object = {}): string {
  const script = `${printing("/run/secrets")}\nexec sleep infinity`.replaceAll("$", "$$$$");
  const declared = (kind: "SECRET" | "CONFIG") => ({
    ...Object.fromEntries(canaries.map(({ name }) => [`${name}-file`, { file: `secrets/${name}` }])),
    ...Object.fromEntries(texts.map((canary) => [`${canary.name}-env`, { environment: variable(kind, canary) }])),
  });
  return JSON.stringify({
    services: {
      app: {
        image: "canaries-api:latest",
        init: true,
        network_mode: "none",
        command: ["sh", "-c", script],
        secrets: secretIds,
        configs: configIds.map((source) => ({ source, target: `/configs/${source}` })),
        environment: texts.map((canary) => variable("PLAIN", canary)),
        ...more,
      },
    },
    secrets: {
      ...declared("SECRET"),
      ...Object.fromEntries(
        texts.map((canary) => [`${canary.name}-command`, { environment: variable("PRINTED", canary) }]),
      ),
    },
    configs: declared("CONFIG"),
  });
}

test("build secrets reach their step byte by byte, and what the step prints of them is shown nowhere", async () => {
  const mounts = secretIds.map((id) => `--mount=type=secret,id=${id}`).join(" ");
  const dockerfile = (last: string) => `FROM scratch
COPY root /
RUN ${mounts} sha256sum /run/secrets/* >/sums
RUN ${mounts} ${printing("/run/secrets").replaceAll("\n", "; ").replaceAll("do;", "do")}; ${last}
`;
  await write("api.Dockerfile", dockerfile("true"));
  await write("broken.Dockerfile", dockerfile("exit 3"));
  await write("compose.yml", composeFile({ healthcheck: { test: ["CMD", "false"], interval: "4s", retries: 1 } }));
  await write(".otto/settings.toml", settings(`${imageSettings("api")}${imageSettings("broken")}${stackSettings}`));
  const { exitCode, stdout } = await tell(["docker", "build"], { env: variables("BUILD") });
  expect([exitCode, stdout]).toEqual([1, expect.stringContaining("canaries-api:")]);
  expect(told.get("docker build")).toContain("[redacted]");
});

const stackVariables = { ...variables("SECRET"), ...variables("CONFIG"), ...variables("PLAIN") };

test("a service that fails shows none of its secrets", async () => {
  const { exitCode } = await tell(["docker", "up", "--no-build"], { env: stackVariables });
  expect(exitCode).toBe(1);
  expect(told.get("docker up --no-build")).toContain("COMPOSE_SERVICE_FAILED");
  expect(told.get("docker up --no-build")).toContain("[redacted]");
});

test("a stack's secrets and configs arrive byte by byte, and go with it", async () => {
  await write("compose.yml", composeFile());
  expect((await tell(["docker", "up", "--no-build", "--quiet"], { env: stackVariables })).exitCode).toBe(0);
  const read = async (command: string) =>
    parseSums((await tell(["host", "parent.canaries.app", "exec", command], { only: "plain" })).stdout);
  expect(await read("cat /sums")).toEqual(sums);
  expect(await read("sha256sum /run/secrets/*")).toEqual(sums);
  expect(await read("sha256sum /configs/*")).toEqual(new Map([...sums].filter(([id]) => configIds.includes(id))));
  expect((await tell(["docker", "ps"])).exitCode).toBe(0);
  expect((await tell(["docker", "down"])).exitCode).toBe(0);
});

test("a password and a passphrase that are wrong are not shown", async () => {
  const env = variables("OTTO_PASSPHRASE");
  const refuse = async (host: string) => {
    expect((await tell(["host", host, "exec", "true"], { env, what: host, only: "json" })).exitCode).toBe(255);
    expect(told.get(host)).toContain("SSH_AUTH_FAILED");
  };
  // More at once would only wait for the two cores of a small machine, and their time would pass.
  for (const { name } of texts) await Promise.all([refuse(`password-${name}`), refuse(`passphrase-${name}`)]);
});

test("a registry's login is not shown when a push fails", async () => {
  await write("plain.Dockerfile", "FROM scratch\nCOPY root/control /\n");
  const image = `[docker]\nregistry_url = "127.0.0.1:1"\n[[docker.images]]\nname = "plain"\ncontext = "app"\n`;
  await write(".otto/settings.toml", settings(`${image}dockerfile = "plain.Dockerfile"\n`));
  const push = async ({ name, bytes }: Canary) => {
    const auth = Buffer.from(`ada:${bytes.toString()}`).toString("base64");
    await write(`docker-${name}/config.json`, JSON.stringify({ auths: { "127.0.0.1:1": { auth } } }));
    const what = `push with ${name}`;
    const env = { DOCKER_CONFIG: join(root, `docker-${name}`) };
    expect((await tell(["docker", "build", "--push"], { env, what, only: "json" })).exitCode).toBe(1);
    expect(told.get(what)).toContain("ENGINE_PUSH_FAILED");
  };
  await Promise.all(texts.map(push));
});

test("nothing that was told, seen or left holds a canary in any form", async () => {
  sampled[Symbol.dispose]();
  const docker = async (...argv: string[]) => (await execute("docker", ["--host", engine.address, ...argv])).stdout;
  const image = "canaries-api:latest";
  told.set("docker history", await docker("history", "--no-trunc", image));
  told.set("docker inspect", await docker("image", "inspect", image));
  told.set("arguments", [...sampled.seen].join("\n"));
  told.set("log of sshd", await readFile(lab.hosts.parent.logPath, "utf8"));
  expect(told.get("arguments")).toContain("\0--detach\0");
  expect(told.get("trace of docker build")).toContain("RUN --mount=type=secret");
  const found = [...told].flatMap(([what, text]) => findCanaries(text, canaries).map((each) => `${what}: ${each}`));
  expect(found).toEqual([]);

  const { user, homePath } = lab.hosts.parent;
  const { stdout } = await execute("sh", [
    "-c",
    "ls -d /run/lock/otto* /dev/shm/otto* /tmp/tmp.* /tmp/otto-stack* || true",
  ]);
  await engine.stop();
  // BuildKit keeps what steps print, and containerd the variables of containers that are gone, in files of their own.
  const kept = (await readdir(engine.dataRoot)).filter((name) => !["buildkit", "containerd"].includes(name));
  const left = [homePath ?? join("/home", user), ...stdout.split("\n").filter((path) => path !== "")];
  const roots = [...kept.map((name) => join(engine.dataRoot, name)), ...left];
  expect(await findInFiles(roots, canaries, "control-of-the-search")).toEqual([]);
});
