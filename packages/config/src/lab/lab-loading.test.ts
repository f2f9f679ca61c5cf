import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Repo } from "../repo/repo.js";
import { findDefaultLab } from "./lab-choice.js";
import { listLabs, loadLab } from "./lab-loading.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-lab-"));
});
afterEach(() => rm(root, { recursive: true }));

const home = "/home/ada";

function repoWith(...sources: string[][]): Repo {
  return {
    name: "repo1",
    version: "1",
    root,
    settingsFile: join(root, ".otto/settings.toml"),
    instructions: [],
    labSources: sources.map((paths) => ({ backend: "json", paths: paths.map((path) => join(root, path)) })),
    docker: { registryUrl: undefined, images: [], composes: [] },
    notes: [],
  };
}

function host(fields: object) {
  return { ip: "10.0.0.1", creds: [{ login: "u" }], labs: ["veg"], ...fields };
}

async function write(path: string, content: unknown) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content, null, 1));
}

async function load(hosts: readonly object[], name: string | undefined = "veg") {
  await write("lab.json", { hosts, links: [] });
  return loadLab({ repos: [repoWith(["."])], name, home });
}

test("a host carries its id, options in milliseconds and absolute paths, and passwords as secrets", async () => {
  const lab = await load([
    host({
      element: "Pepper",
      element_id: 2,
      board: "Seed X",
      slot: 3,
      creds: [
        { login: "vagrant", password: "hunter2" },
        { login: "root", password_command: ["./pw", "a/b"] },
      ],
      user: "root",
      docker_capable: true,
      resources: ["r"],
      is_virtual: true,
      snmp: { port: 161 },
      ssh_options: {
        port: 2222,
        client_keys: ["keys/id", "~/.ssh/id"],
        known_hosts: "/etc/known",
        host_key: `SHA256:${"a".repeat(43)}`,
        connect_timeout: 2.5,
        keepalive_interval: 30,
        agent: false,
        password_env: "PW",
        password_command: ["pass", "show", "lab/pepper"],
        passphrase_command: ["~/bin/phrase"],
        proxy_command: "nc %h %p",
        transport: "openssh",
      },
      docker: { socket: "/run/d.sock", command: ["sudo", "-n", "docker"], staging_root: "/srv/otto" },
    }),
  ]);
  expect(lab.hosts).toMatchObject([
    {
      id: "pepper2_seed-x3",
      handle: "pepper2_seed-x3",
      element: "Pepper",
      user: "root",
      creds: [{ login: "vagrant" }, { login: "root", passwordCommand: [join(root, "pw"), "a/b"] }],
      dockerCapable: true,
      resources: ["r"],
      isLocal: false,
      source: join(root, "lab.json"),
      ssh: {
        port: 2222,
        isPortGiven: true,
        clientKeys: [join(root, "keys/id"), "/home/ada/.ssh/id"],
        knownHosts: ["/etc/known"],
        hostKey: `SHA256:${"a".repeat(43)}`,
        connectTimeoutMs: 2500,
        keepaliveIntervalMs: 30_000,
        keepaliveCountMax: 3,
        agent: false,
        passwordEnv: "PW",
        passwordCommand: ["pass", "show", "lab/pepper"],
        passphraseCommand: ["/home/ada/bin/phrase"],
        proxyCommand: "nc %h %p",
        transport: "openssh",
        compress: false,
      },
      docker: { socket: "/run/d.sock", command: ["sudo", "-n", "docker"], stagingRoot: "/srv/otto" },
    },
  ]);
  expect(lab.hosts[0]?.creds[0]?.password?.reveal()).toBe("hunter2");
  expect(JSON.stringify(lab)).not.toContain("hunter2");
});

test("what is left open gets its default", async () => {
  const lab = await load([host({ element: "a", board: null, hop: null })]);
  expect(lab.hosts[0]).toEqual({
    id: "a",
    handle: "a",
    element: "a",
    ip: "10.0.0.1",
    creds: [{ login: "u" }],
    labs: ["veg"],
    resources: [],
    roles: [],
    dockerCapable: false,
    isLocal: false,
    source: join(root, "lab.json"),
    directory: root,
    origin: { file: join(root, "lab.json"), digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    docker: { command: ["docker"] },
    ssh: {
      port: 22,
      clientKeys: [],
      connectTimeoutMs: 20_000,
      keepaliveIntervalMs: 15_000,
      keepaliveCountMax: 3,
      compress: false,
      useSshConfig: false,
    },
  });
});

test("hosts that share an element are numbered by element_id", async () => {
  const lab = await load([
    host({ element: "dut", element_id: 103 }),
    host({ element: "Dut", element_id: 47 }),
    host({ element: "dut", board: "x" }),
    host({ element: "Lab X Server" }),
  ]);
  expect(lab.hosts.map(({ id, handle }) => [id, handle])).toEqual([
    ["dut103", "dut2"],
    ["dut47", "dut1"],
    ["dut_x", "dut3"],
    ["lab-x-server", "lab-x-server"],
  ]);
});

test("with no lab asked for, the lab is this machine, and no file is read", async () => {
  await write("lab.json", "broken");
  const lab = await loadLab({ repos: [repoWith(["."])], name: undefined, home });
  expect(lab).toMatchObject({ name: "local", hosts: [{ id: "local", dockerCapable: true, isLocal: true }] });
});

test("a plus merges labs, the built-in one too", async () => {
  await write("lab.json", { hosts: [host({ element: "a" }), host({ element: "b", labs: ["fruit"] })] });
  const lab = await loadLab({ repos: [repoWith(["."])], name: "veg+fruit+local", home });
  expect(lab.name).toBe("veg+fruit+local");
  expect(lab.hosts.map(({ id }) => id)).toEqual(["a", "b", "local"]);
});

test("a declared lab of the name local takes the place of the built-in one", async () => {
  const lab = await load([host({ element: "a", labs: ["local"] })], "local");
  expect(lab.hosts.map(({ id }) => id)).toEqual(["a"]);
});

test("YAML lab files and files named directly are read", async () => {
  await write("x/lab.yaml", "hosts:\n  - {element: a, ip: b, creds: [{login: c}], labs: [veg], element_id: 3}\n");
  await write("y.json", { hosts: [host({ element: "b" })] });
  const lab = await loadLab({ repos: [repoWith(["x", "y.json"])], name: "veg", home });
  expect(lab.hosts.map(({ id }) => id)).toEqual(["a3", "b"]);
});

test("a file that two repos name is read once", async () => {
  await write("lab.json", { hosts: [host({ element: "a" })] });
  const lab = await loadLab({ repos: [repoWith(["."]), repoWith(["lab.json"])], name: "veg", home });
  expect(lab.hosts.map(({ id }) => id)).toEqual(["a"]);
});

test("a later source replaces a host of an earlier one, and a note says so", async () => {
  await write("x/lab.json", { hosts: [host({ element: "a", ip: "1" })] });
  await write("y/lab.json", { hosts: [host({ element: "a", ip: "2" })] });
  const lab = await loadLab({ repos: [repoWith(["x"], ["y"])], name: "veg", home });
  expect(lab.hosts.map(({ ip }) => ip)).toEqual(["2"]);
  expect(lab.notes).toEqual([expect.stringContaining("replaces the host a of")]);
});

test("the same id in two labs is no duplicate", async () => {
  const lab = await load([host({ element: "a" }), host({ element: "a", labs: ["fruit"] })]);
  expect(lab.hosts).toHaveLength(1);
});

test.each<[string, object[], string, string]>([
  ["two hosts of one id", [{ element: "a" }, { element: "A" }], "LAB_DUPLICATE_HOST", "hosts[1]: the host id a is"],
  ["an unknown hop", [{ element: "a", hop: "b" }], "LAB_UNKNOWN_HOP", "the hop b of a is no host of the lab"],
  [
    "a cycle of hops",
    [
      { element: "a", hop: "b" },
      { element: "b", hop: "c" },
      { element: "c", hop: "b" },
    ],
    "LAB_HOP_CYCLE",
    "the hops of a never end: b -> c -> b",
  ],
  [
    "a proxy command behind a hop",
    [{ element: "a", hop: "b", ssh_options: { proxy_command: "nc %h %p" } }, { element: "b" }],
    "LAB_INVALID",
    "hosts[0].ssh_options.proxy_command: does not go with hop",
  ],
  ["a host that is its own hop", [{ element: "a", hop: "a" }], "LAB_HOP_CYCLE", "a -> a"],
  ["a missing ip", [{ element: "a", ip: undefined }], "LAB_INVALID", "hosts[0].ip: is required (a string)"],
  ["a host without creds", [{ element: "a", creds: undefined }], "LAB_INVALID", "hosts[0].creds: is required (a list)"],
  ["a host with empty creds", [{ element: "a", creds: [] }], "LAB_INVALID", "hosts[0].creds: must hold at least one"],
  ["an element without letters", [{ element: "--" }], "LAB_INVALID", "hosts[0].element: must hold a letter or digit"],
  [
    "labs that are no list",
    [{ element: "a", labs: "veg" }],
    "LAB_INVALID",
    "hosts[0].labs: must be a list, is a string",
  ],
  ["a port out of range", [{ element: "a", ssh_options: { port: 0 } }], "LAB_INVALID", "hosts[0].ssh_options.port"],
  [
    "a transport that there is not",
    [{ element: "a", ssh_options: { transport: "putty" } }],
    "LAB_INVALID",
    'hosts[0].ssh_options.transport: must be "auto" or "ssh2" or "openssh"',
  ],
  ["a pin in another form", [{ element: "a", ssh_options: { host_key: "x" } }], "LAB_INVALID", "ssh_options.host_key"],
])("%s is an error that names the place", async (_, hosts, code, message) => {
  await expect(load(hosts.map(host))).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
    hint: expect.any(String),
  });
});

test("a hop in another lab says what to add", async () => {
  await expect(load([host({ element: "a", hop: "b" }), host({ element: "b", labs: ["fruit"] })])).rejects.toMatchObject(
    { code: "LAB_UNKNOWN_HOP", hint: "b is in another lab: add this one to its labs." },
  );
});

test("a fault in JSON names its line", async () => {
  await write("lab.json", '{\n "hosts": [\n  {\n   "ip": 5\n  }\n ]\n}\n');
  await expect(loadLab({ repos: [repoWith(["."])], name: "veg", home })).rejects.toMatchObject({
    code: "LAB_INVALID",
    message: expect.stringContaining("lab.json:4: hosts[0].ip: must be a string, is a number"),
  });
});

test.each([
  ['{"hosts": [],\n}', 2],
  ['{"hosts": [\n {"password": hunter2}\n]}', 2],
  ["// hunter2\n{}", 1],
  ["", 1],
])("broken JSON names its line and no text of the file: %j", async (text, line) => {
  await write("lab.json", text);
  const error = await loadLab({ repos: [repoWith(["."])], name: "veg", home }).catch((it: unknown) => it);
  expect(error).toMatchObject({ code: "LAB_SYNTAX", message: expect.stringContaining(`lab.json:${line}: `) });
  expect((error as Error).message).not.toContain("hunter2");
});

test("JSON that is nested too deeply is an error of the file", async () => {
  await write("lab.json", "[".repeat(1_000_000));
  await expect(loadLab({ repos: [repoWith(["."])], name: "veg", home })).rejects.toMatchObject({ code: "LAB_SYNTAX" });
});

test.each([".", "nowhere", "lab.json"])("a source %j with no file behind it is an error", async (path) => {
  await expect(loadLab({ repos: [repoWith([path])], name: "veg", home })).rejects.toMatchObject({
    code: "LAB_FILE_MISSING",
    hint: expect.stringContaining("settings.toml"),
  });
});

test.each(["vg", "veg+", "fruit"])("an unknown lab %j lists or guesses the known ones", async (name) => {
  await expect(load([host({ element: "a" })], name)).rejects.toMatchObject({
    code: "LAB_UNKNOWN",
    details: { known: ["veg", "local"] },
  });
});

test("the labs that can be asked for are listed with their hosts and files", async () => {
  await write("lab.json", { hosts: [host({ element: "a" }), host({ element: "b", labs: ["veg", "fruit"] })] });
  expect(await listLabs([repoWith(["."])], { home })).toEqual([
    { name: "fruit", hosts: ["b"], files: [join(root, "lab.json")] },
    { name: "local", hosts: ["local"], files: [] },
    { name: "veg", hosts: ["a", "b"], files: [join(root, "lab.json")] },
  ]);
});

test("a lab file may name its schema, begin with a byte order mark and have Windows line ends", async () => {
  const lab = { $schema: "./lab.schema.json", hosts: [host({ element: "a" })], links: [] };
  await write("lab.json", `\ufeff${JSON.stringify(lab, null, 1).replaceAll("\n", "\r\n")}`);
  const loaded = await loadLab({ repos: [repoWith(["lab.json"])], name: "veg", home });
  expect([loaded.hosts.map(({ id }) => id), loaded.notes]).toEqual([["a"], []]);
});

test.each([
  [{ element: "a", labs: ["veg", "b\u202ec"] }, "hosts[0].labs[1]"],
  [{ element: "a\u001b[2J" }, "hosts[0].element"],
  [{ element: "a", board: "x\u009by" }, "hosts[0].board"],
  [{ element: "a", ip: "10.0.0.1\n" }, "hosts[0].ip"],
  [{ element: "a", user: "root\u0000" }, "hosts[0].user"],
  [{ element: "a", name: "a\tb" }, "hosts[0].name"],
  [{ element: "a", hop: "b\u2066" }, "hosts[0].hop"],
  [{ element: "a", creds: [{ login: "u\u001b" }] }, "hosts[0].creds[0].login"],
])("a name that a terminal would obey is refused where it is declared: %j", async (fields, key) => {
  await expect(load([host(fields)])).rejects.toMatchObject({
    code: "LAB_INVALID",
    message: expect.stringContaining(`${key}: must not hold control characters`) as string,
  });
});

test("keys that nobody knows are warnings with the nearest one, each once; those of the Python system and comments are not", async () => {
  const { warnings, notes } = await load([
    host({ element: "a", dockr_capable: true, is_virtual: true, _comment: "x", ssh_options: { prot: 1, extra: {} } }),
    host({ element: "b", dockr_capable: true, creds: [{ login: "u", pasword: "x" }], docker: { sockt: "/x" } }),
  ]);
  const file = join(root, "lab.json");
  expect(warnings?.map((text) => text.replaceAll(/:\d+/g, ""))).toEqual([
    `${file}: hosts[0].dockr_capable: unknown key, ignored (and 1 more); did you mean "docker_capable"?`,
    `${file}: hosts[0].ssh_options.prot: unknown key, ignored; did you mean "port"?`,
    `${file}: hosts[1].docker.sockt: unknown key, ignored; did you mean "socket"?`,
    `${file}: hosts[1].creds[0].pasword: unknown key, ignored; did you mean "password"?`,
  ]);
  expect(notes).toEqual([expect.stringContaining("ssh_options.extra has no meaning here")]);
});

test("the user's own lab file is read before those of repos, and needs none", async () => {
  await write("home/.config/otto/lab.json", { hosts: [host({ element: "own", labs: ["mine", "veg"] })] });
  await write("xdg/otto/lab.json", { hosts: [host({ element: "other", labs: ["mine"] })] });
  await write("lab.json", { hosts: [host({ element: "own", ip: "10.0.0.2" })] });
  const places = { home: join(root, "home") };
  expect((await loadLab({ ...places, repos: [], name: "mine" })).hosts).toMatchObject([{ id: "own" }]);
  expect((await loadLab({ ...places, repos: [repoWith(["."])], name: "veg" })).hosts).toMatchObject([
    { id: "own", ip: "10.0.0.2" },
  ]);
  const env = { XDG_CONFIG_HOME: join(root, "xdg") };
  expect((await listLabs([], { ...places, env })).map(({ name }) => name)).toEqual(["local", "mine"]);
});

test("settings choose a lab, unless two of them choose different ones", () => {
  const choosing = (defaultLab: string) => ({ ...repoWith(), defaultLab });
  expect(findDefaultLab([repoWith()])).toBeUndefined();
  expect(findDefaultLab([repoWith(), choosing("veg"), choosing("veg")])).toMatchObject({ name: "veg" });
  expect(() => findDefaultLab([choosing("veg"), choosing("fruit")])).toThrow(
    expect.objectContaining({ code: "CONFIG_LAB_AMBIGUOUS" }),
  );
});
