import { EventEmitter } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "./main.js";
import { outputSchema } from "./output/output-schema.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-cli-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A run in a process of its own making. */
async function otto(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const outputs = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await main({
    argv,
    cwd: root,
    env,
    home: root,
    stdin: Readable.from([]),
    stdout,
    stderr,
    signals: new EventEmitter(),
    force: () => {},
  });
  stdout.end();
  stderr.end();
  const [out, err] = await outputs;
  return { exitCode, out, err };
}

async function writeSettings(text: string) {
  await mkdir(join(root, ".otto"), { recursive: true });
  await writeFile(join(root, ".otto/settings.toml"), text);
}

const ajv = new Ajv2020().addSchema(outputSchema, "output");

/** The lines of `--json`, each of which is as its schema says. */
function parse(out: string): { type: string; schema: number; code?: string; [key: string]: unknown }[] {
  const lines = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const line of lines) {
    expect(ajv.validate(`output#/$defs/${line.type}`, line), `${ajv.errorsText()} in ${JSON.stringify(line)}`).toBe(
      true,
    );
  }
  return lines;
}

test("--version shows the version alone", async () => {
  expect(await otto(["--version"])).toEqual({ exitCode: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: "" });
});

test.each([
  [["--help"]],
  [["docker", "--help"]],
  [["docker", "up", "-h"]],
  [["host", "--help"]],
  [["host", "a", "exec", "--help"]],
])("%j shows help on stdout", async (argv) => {
  expect(await otto(argv)).toEqual({ exitCode: 0, out: expect.stringMatching(/^Usage: otto/), err: "" });
});

test("help names the order in which a host command is written", async () => {
  expect((await otto(["host", "a", "exec", "--help"])).out).toContain("Usage: otto host ID exec [options]");
});

test.each([[[]], [["docker"]], [["host"]]])("%j alone shows help on stderr and is a wrong use", async (argv) => {
  expect(await otto(argv)).toEqual({ exitCode: 2, out: "", err: expect.stringMatching(/^Usage: otto/) });
});

test.each([
  [["dokcer"], "unknown command 'dokcer'"],
  [["docker", "up", "--foo"], "unknown option '--foo'"],
  [["docker", "up", "--scale", "web"], "Not of the form SERVICE=COUNT."],
  [["docker", "down", "web", "--rmi", "all"], "not of services"],
  [["build", "."], "by their names, not by a path"],
  [["--lab"], "argument missing"],
  [["docker", "down", "--stop-timeout", "x"], "Not a whole number of seconds."],
  [["exec", "--on", "a,b", "web", "true"], "works on one parent: give one HOST"],
  [["exec", "--on", "a", "--on", "b", "web", "true"], "works on one parent: give one HOST"],
  [["docker", "run", "--on", "all", "web"], "works on one parent: give one HOST"],
  [["cp", "--on", "db=a", "web:/a", "b"], "works on one parent: give one HOST"],
  [["doctor", "a", "--on", "b"], "a and --on b both name hosts"],
  [["host", "a", "exec"], "missing required argument 'command'"],
  [["host", "a", "exec", "--env", "x", "true"], "Not of the form NAME=VALUE."],
  [["host", "a", "run", "--timeout", "soon", "true"], "Not a time in seconds."],
  [["--log-level", "loud", "docker", "ps"], "Allowed choices are debug, info, warn, error."],
])("%j is a wrong use", async (argv, message) => {
  const { exitCode, out, err } = await otto(argv);
  expect([exitCode, out]).toEqual([2, ""]);
  expect(err).toMatch(/^error\[CLI_USAGE\]: [^\n]*\nhint: [^\n]*\n$/);
  expect(err).toContain(message);
});

test.each([
  [["schema", "lba"], "settings, lab, output.", "lab"],
  [["completion", "bsh"], "bash, zsh, fish.", "bash"],
  [["--log-level", "inof", "docker", "ps"], "debug, info, warn, error.", "info"],
])("%j is answered with the choices and the nearest", async (argv, choices, near) => {
  const { err } = await otto(argv);
  expect(err).toMatch(`Allowed choices are ${choices}\nhint: Did you mean ${near}?\n`);
});

test.each([
  [
    ["login"],
    "otto uses the logins of this machine's Docker configuration: docker login REGISTRY. A shell on a host: otto host HOST login",
  ],
  [["host", "local"], "See otto host --help."],
  [["schema", "lab", "x"], "See otto schema --help."],
])("%j is answered with %s", async (argv, hint) => {
  const { exitCode, err } = await otto(argv);
  expect([exitCode, err.split("\n")[1]]).toEqual([2, `hint: ${hint}`]);
});

test("who sets DOCKER_HOST is told how a parent is chosen, unless one is", async () => {
  const env = { DOCKER_HOST: "ssh://user@box" };
  const note = "DOCKER_HOST chooses no parent of otto: otto --on ssh://user@box\n";
  expect((await otto(["--list-hosts"], env)).err).toContain(note);
  expect((await otto(["--on", "local", "doctor", "nope"], env)).err).not.toContain("DOCKER_HOST");
  expect((await otto(["--list-hosts"], { ...env, OTTO_LAB: "local" })).err).not.toContain("DOCKER_HOST");
});

test("a wrong use with --json is an error object and a result", async () => {
  const { exitCode, out, err } = await otto(["docker", "up", "--foo", "--json"]);
  expect([exitCode, err]).toEqual([2, ""]);
  expect(parse(out)).toMatchObject([
    { type: "error", schema: 1, code: "CLI_USAGE" },
    { type: "result", schema: 1, status: "failed", exitCode: 2 },
  ]);
});

test.each([
  ["docker", "build"],
  ["docker", "up"],
  ["docker", "down"],
  ["build"],
  ["compose", "up"],
  ["docker", "compose", "down"],
])("%s %s %s without a repository says where one is looked for", async (...words) => {
  const { exitCode, out } = await otto([...words, "--json"]);
  expect(exitCode).toBe(2);
  expect(parse(out)[0]).toMatchObject({ code: "CONFIG_NO_REPO", hint: expect.stringContaining("OTTO_SUT_DIRS") });
});

test.each([
  ['name = "a\n', "CONFIG_SYNTAX"],
  ['name = "a"\nversion = "1"\nnmae = "b"\n', "CONFIG_UNKNOWN_KEY"],
  ['name = "a"\nversion = 1\n', "CONFIG_INVALID"],
])("settings %j end with 2 and their code", async (settings, code) => {
  await writeSettings(settings);
  const { exitCode, out } = await otto(["docker", "build", "--json"]);
  expect(exitCode).toBe(2);
  expect(parse(out)[0]).toMatchObject({ type: "error", code });
});

test("an error is a line and a hint, and only debug shows where it came from", async () => {
  await writeSettings('name = "a"\nversion = "1"\nnmae = "b"\n');
  const plain = await otto(["docker", "build"]);
  expect(plain.err).toMatch(
    /^error\[CONFIG_UNKNOWN_KEY\]: reading .*nmae: unknown key\nhint: Did you mean "name"\?\n$/,
  );
  expect((await otto(["docker", "build", "--log-level", "debug"])).err).toMatch(/\n {4}at /);
});

test("the hosts of the default lab are this machine", async () => {
  expect(await otto(["--list-hosts"])).toEqual({ exitCode: 0, out: "local  parent  this machine\n", err: "" });
});

test("hosts are listed even when a compose file is broken, which is told", async () => {
  await writeSettings('name = "a"\nversion = "1"\n[[docker.composes]]\npath = "compose.yml"\n');
  const { exitCode, out } = await otto(["--list-hosts", "--json"]);
  expect([exitCode, parse(out).map((line) => line.id ?? line.code)]).toEqual([
    1,
    ["local", "COMPOSE_FILE_MISSING", undefined],
  ]);
});

test("listings are found beside a command group, and as JSON", async () => {
  const { exitCode, out } = await otto(["docker", "--list-hosts", "--json"]);
  expect(exitCode).toBe(0);
  expect(parse(out)).toMatchObject([
    { type: "host", id: "local" },
    { type: "result", exitCode: 0 },
  ]);
});

test("OTTO_SUT_DIRS and OTTO_LAB choose repositories and lab, --lab goes first", async () => {
  const other = join(root, "elsewhere");
  await mkdir(join(other, ".otto"), { recursive: true });
  const source = '[[lab.sources]]\nbackend = "json"\npaths = ["lab.json"]\n';
  await writeFile(join(other, ".otto/settings.toml"), `name = "b"\nversion = "1"\n${source}`);
  const host = (element: string, lab: string) => ({ element, ip: "x", creds: [{ login: "u" }], labs: [lab] });
  await writeFile(join(other, "lab.json"), JSON.stringify({ hosts: [host("a", "one"), host("b", "two")] }));
  const env = { OTTO_SUT_DIRS: other, OTTO_LAB: "one" };
  expect((await otto(["--list-labs"], env)).out).toBe("local  local\none    a      in use: OTTO_LAB\ntwo    b\n");
  expect((await otto(["--list-hosts"], env)).out).toBe("a  host  x:22\n");
  expect((await otto(["--list-hosts", "--lab", "two"], env)).out).toBe("b  host  x:22\n");
  expect((await otto(["--list-hosts", "--lab", "tow"], env)).err).toContain('hint: Did you mean "two"?');
});

/** A repository with two Compose files, one with a role, and a lab of three parents; there is nothing to connect to. */
async function writeTwoParents() {
  const source = '[[lab.sources]]\nbackend = "json"\npaths = ["lab.json"]\n';
  const [front, db] = [
    '[[docker.composes]]\npath = "front.yml"\nname = "front"\ndefault_host = "pepper"\n',
    '[[docker.composes]]\npath = "db.yml"\nrole = "db"\n',
  ];
  await writeSettings(`name = "shop"\nversion = "1"\n${source}${front}${db}`);
  const common = { docker_capable: true, labs: ["veg"] };
  const hosts = [
    { element: "pepper", ...common },
    { element: "leek", ...common, roles: ["db", "cache"] },
    { element: "carrot", ...common },
  ].map((host) => ({ ...host, ip: "127.0.0.1", creds: [{ login: "u" }], ssh_options: { port: 1 } }));
  await writeFile(join(root, "lab.json"), JSON.stringify({ hosts }));
  for (const name of ["front", "db"])
    await writeFile(join(root, `${name}.yml`), `services: { ${name}: { image: nothing } }\n`);
  return { OTTO_LAB: "veg", OTTO_TRUST: root, OTTO_COMPOSE_SUFFIX: "ci" };
}

test("what cannot be reached is named for each parent, in the settings' order, and the result has it", async () => {
  const env = await writeTwoParents();
  const { exitCode, out } = await otto(["ps", "--json"], env);
  const lines = parse(out);
  const errors = lines.filter(({ type }) => type === "error");
  expect(errors.map(({ code, repo, parent }) => [code, repo, parent].join(" ")).toSorted()).toEqual([
    "SSH_CONNECT_FAILED shop leek",
    "SSH_CONNECT_FAILED shop pepper",
  ]);
  expect([exitCode, lines.at(-1)]).toMatchObject([
    1,
    {
      type: "result",
      failures: ["pepper", "leek"].map((parent) => ({ repo: "shop", parent, code: "SSH_CONNECT_FAILED" })),
    },
  ]);
  expect((await otto(["ps"], env)).err.trimEnd().split("\n").at(-1)).toMatch(
    /^done on 0 of 2 parents in [\d.]+ m?s · failed on pepper \(SSH_CONNECT_FAILED\), leek \(SSH_CONNECT_FAILED\)$/,
  );
});

test.each([
  [["--on", "carrot"], ["carrot"]],
  [
    ["--on", "carrot,leek"],
    ["carrot", "leek"],
  ],
  [
    ["--on", "carrot", "--on", "db=pepper"],
    ["carrot", "pepper"],
  ],
  [["--on", "front=leek"], ["leek"]],
  [["--on=all"], ["pepper", "leek", "carrot"]],
  [
    ["--on", "all", "db"],
    ["pepper", "leek", "carrot"],
  ],
  [["front"], ["pepper"]],
])("ps %j asks %j", async (words, parents) => {
  const { out } = await otto(["ps", "--json", ...words], await writeTwoParents());
  const failures = parse(out).at(-1)?.failures as { readonly parent: string }[];
  expect(failures.map(({ parent }) => parent)).toEqual(parents);
});

test.each([
  [["up", "--on", "frnot=leek"], "LAB_ON_INVALID"],
  [["ps", "--all-stacks", "--on", "x=leek"], "LAB_ON_INVALID"],
  [["up", "--on", "leek,"], "LAB_ON_INVALID"],
  [["doctor", "--on", "leek,beet"], "LAB_UNKNOWN_HOST"],
  [["build", "--on", "carrot,beet"], "LAB_UNKNOWN_HOST"],
  [["graph", "--on", "carrot,leek", "-o", "x.svg"], "CLI_USAGE"],
  [["docker", "run", "nothing"], "COMPOSE_UNKNOWN_SERVICE"],
])("%j ends with 2 and %s before anything is done", async (argv, code) => {
  const { exitCode, out } = await otto(["--json", ...argv], await writeTwoParents());
  const errors = parse(out).filter(({ type }) => type === "error");
  const expected = argv.includes("run") ? 255 : 2;
  expect([exitCode, errors.map((error) => error.code)]).toEqual([expected, [code]]);
});

test("a service that runs on several parents is not run on one of them by chance", async () => {
  const env = await writeTwoParents();
  const settings = await readFile(join(root, ".otto/settings.toml"), "utf8");
  await writeSettings(settings.replace('role = "db"', 'role = "db"\nspread = true'));
  const lab = await readFile(join(root, "lab.json"), "utf8");
  await writeFile(join(root, "lab.json"), lab.replace('"element":"carrot",', '"element":"carrot","roles":["db"],'));
  const { exitCode, err } = await otto(["docker", "run", "db"], env);
  expect([exitCode, err]).toEqual([
    255,
    "error[CLI_USAGE]: the service db is on leek and on carrot\nhint: Choose one with --on leek.\n",
  ]);
});

test("graphs of several parents come one after the other, each with its own services", async () => {
  const { exitCode, out } = await otto(["graph", "--no-states", "--json"], await writeTwoParents());
  const graphs = parse(out).filter(({ type }) => type === "graph");
  const servicesOf = ({ graph }: (typeof graphs)[number]) =>
    (graph as { readonly services: readonly { readonly name: string }[] }).services.map(({ name }) => name);
  expect([exitCode, graphs.map((graph) => [graph.parent, servicesOf(graph)])]).toEqual([
    0,
    [
      ["pepper", ["front"]],
      ["leek", ["db"]],
    ],
  ]);
});

test("roles are listed with their hosts, and a new host gets some", async () => {
  const env = await writeTwoParents();
  expect((await otto(["--list-hosts"], env)).out).toMatch(/^leek +parent +127\.0\.0\.1:1, for db, cache$/m);
  const added = await otto(["lab", "add", "ci@10.0.0.9", "--name", "kale", "--role", "edge", "--role", "db"], env);
  expect(added.exitCode).toBe(0);
  expect(parse((await otto(["--list-hosts", "--json"], env)).out)).toContainEqual(
    expect.objectContaining({ id: "kale", roles: ["edge", "db"], dockerCapable: true }),
  );
});

test.each([
  [
    ["up", "--on", ""],
    ["pepper", "leek", "carrot", "all", "front=", "db="],
  ],
  [
    ["ps", "--on", "carrot,"],
    ["carrot,pepper", "carrot,leek", "carrot,all", "carrot,front=", "carrot,db="],
  ],
  [
    ["doctor", "--on=db="],
    ["--on=db=pepper", "--on=db=leek", "--on=db=carrot"],
  ],
  [["build", "--on", "front=leek,db=c"], ["front=leek,db=carrot"]],
  [
    ["exec", "--on", ""],
    ["pepper", "leek", "carrot"],
  ],
])("%j is completed to %j", async (words, answers) => {
  const { out } = await otto(["completion", "fish", "--", ...words], await writeTwoParents());
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t")[0]),
  ).toEqual(answers);
});

test("a host that is unknown ends exec and run with 255", async () => {
  for (const verb of ["exec", "run"]) {
    const { exitCode, out } = await otto(["host", "nope", verb, "--json", "true"]);
    expect([exitCode, parse(out)[0]?.code]).toEqual([255, "LAB_UNKNOWN_HOST"]);
  }
});

test("a login without a terminal or on a host that is unknown is a wrong use", async () => {
  const unknown = await otto(["host", "nope", "login", "--json"]);
  expect([unknown.exitCode, parse(unknown.out)[0]?.code]).toEqual([2, "LAB_UNKNOWN_HOST"]);
  const { exitCode, err } = await otto(["host", "local", "login"]);
  expect([exitCode, err]).toEqual([2, expect.stringContaining("`otto host local exec`")]);
});

test("a dry run of a command says what would run and runs nothing", async () => {
  const target = join(root, "made");
  const { exitCode, out } = await otto(["-n", "host", "local", "exec", "touch", target]);
  expect([exitCode, out]).toEqual([0, `local: would run touch ${target}\n`]);
  expect(await otto(["host", "local", "exec", "test", "-e", target])).toMatchObject({ exitCode: 1 });
});

test("a command on this machine gives its own exit code and exact bytes", async () => {
  expect(await otto(["host", "local", "exec", "printf a; printf b >&2; exit 7"])).toEqual({
    exitCode: 7,
    out: "a",
    err: "b",
  });
});

test("bytes that are no text go to a program as base64", async () => {
  const { out } = await otto(["host", "local", "exec", "--json", "printf", "\\377"]);
  expect(parse(out)).toMatchObject([{ type: "result", exitCode: 0, encoding: "base64", stdout: "/w==" }]);
});

test("options for the command are the command's", async () => {
  expect((await otto(["host", "local", "exec", "echo", "--json", "-n", "--help"])).out).toBe("--json -n --help\n");
});

test("init writes settings that work, once, and a schema that accepts them", async () => {
  await writeFile(join(root, "Dockerfile"), "FROM scratch\n");
  const dry = await otto(["init", "--dry-run", "--json"], { CI: "1" });
  expect(parse(dry.out).map((line) => line.path)).toEqual([
    undefined,
    ".otto/settings.toml",
    ".otto/settings.schema.json",
    undefined,
    undefined,
    undefined,
  ]);
  expect(await readdir(root)).toEqual(["Dockerfile"]);
  expect(await otto(["init"], { CI: "1" })).toEqual({
    exitCode: 0,
    out: ".otto/settings.toml  written\n.otto/settings.schema.json  written\n",
    err: expect.stringContaining("next: otto build\n"),
  });
  const settings = await readFile(join(root, ".otto/settings.toml"), "utf8");
  const schema = JSON.parse(await readFile(join(root, ".otto/settings.schema.json"), "utf8"));
  expect(settings).toMatch(/^#:schema \.\/settings\.schema\.json\n/);
  expect(new Ajv2020().validate(schema, { name: "a", version: "1", docker: { images: [{ name: "app" }] } })).toBe(
    false,
  );
  expect((await otto(["--list-hosts"])).exitCode).toBe(0);
  expect((await otto(["init"], { CI: "1" })).out).toBe(".otto/settings.toml is there already: nothing written\n");
  expect(await readFile(join(root, ".otto/settings.toml"), "utf8")).toBe(settings);
});

test("a schema that is there stays as it is", async () => {
  await mkdir(join(root, ".otto"));
  await writeFile(join(root, ".otto/settings.schema.json"), "mine");
  await writeFile(join(root, "Dockerfile"), "FROM scratch\n");
  expect((await otto(["init"], { CI: "1" })).out).toContain(".otto/settings.schema.json  is there already\n");
  expect(await readFile(join(root, ".otto/settings.schema.json"), "utf8")).toBe("mine");
});

test.each(["settings", "lab", "output"])("schema %s prints a JSON Schema", async (subject) => {
  const { exitCode, out } = await otto(["schema", subject]);
  expect([exitCode, JSON.parse(out).$schema]).toEqual([0, "https://json-schema.org/draft/2020-12/schema"]);
  expect(parse((await otto(["schema", subject, "--json"])).out)[0]).toMatchObject({
    subject,
    content: JSON.parse(out),
  });
});
