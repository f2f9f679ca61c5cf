import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { type HostData, type LabData, sshDefaults } from "@otto/config";
import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { Lab } from "./lab.js";
import { SshClientConfig } from "./ssh-client-config.js";
import { planRoute } from "./ssh-route.js";

const ssh = {
  port: 22,
  clientKeys: [],
  connectTimeoutMs: 1,
  keepaliveIntervalMs: 2,
  keepaliveCountMax: 3,
  compress: false,
  useSshConfig: false,
};

function host(id: string, changes: Partial<HostData> = {}): HostData {
  const docker = { command: ["docker"] };
  const base = {
    id,
    handle: id,
    element: id,
    ip: `ip-${id}`,
    creds: [{ login: "me" }],
    labs: ["l"],
    resources: [],
    roles: [],
  };
  return { ...base, dockerCapable: true, ssh, docker, isLocal: false, ...changes };
}

const reveal = (secret: unknown) => (secret instanceof Secret ? secret.reveal() : undefined);
const labOf = (...hosts: HostData[]): LabData => ({ name: "l", hosts, links: [], notes: [] });
const environment = { env: { PW: "hunter2", SSH_AUTH_SOCK: "/agent" }, home: "/nonexistent" };

test("hops come first, the host last", async () => {
  const parent = host("parent", { hop: "inner" });
  const lab = labOf(host("outer"), host("inner", { hop: "outer" }), parent);
  expect((await planRoute(lab, parent, environment)).map(({ name }) => name)).toEqual(["outer", "inner", "parent"]);
});

test("a hop that the lab does not hold is an error that names it", async () => {
  const parent = host("parent", { hop: "gone" });
  await expect(planRoute(labOf(parent), parent, environment)).rejects.toMatchObject({ code: "LAB_UNKNOWN_HOP" });
});

test("the host's user is tried first, with its own password, then the other logins", async () => {
  const creds = [{ login: "me" }, { login: "root", password: new Secret("toor") }];
  const [endpoint] = await planRoute(labOf(), host("a", { user: "root", creds }), environment);
  expect(endpoint.credentials.map(({ username, password }) => [username, reveal(password)])).toEqual([
    ["root", "toor"],
    ["me", undefined],
  ]);
});

test("a password may come from a variable, the agent from SSH_AUTH_SOCK unless it is switched off", async () => {
  const [withAgent] = await planRoute(labOf(), host("a", { ssh: { ...ssh, passwordEnv: "PW" } }), environment);
  const [without] = await planRoute(labOf(), host("a", { ssh: { ...ssh, agent: false } }), environment);
  expect(withAgent.credentials[0]).toMatchObject({ agent: "/agent" });
  expect(reveal(withAgent.credentials[0].password)).toBe("hunter2");
  expect(without.credentials[0].agent).toBeUndefined();
  const [unset] = await planRoute(labOf(), host("a", { ssh }), { ...environment, env: { SSH_AUTH_SOCK: "" } });
  expect(unset.credentials[0].agent).toBeUndefined();
});

test("a password or passphrase may come from a command, after the file and the variable, and runs when it is needed", async () => {
  const [file, variable, command] = [new Secret("file"), { PW: "variable" }, ["echo", "command"]];
  const read = async (options: Partial<HostData["ssh"]>, creds: HostData["creds"][number], env = {}) => {
    const setting = { ...environment, env: { PATH: process.env.PATH, ...env } };
    const [endpoint] = await planRoute(labOf(), host("a", { ssh: { ...ssh, ...options }, creds: [creds] }), setting);
    const { password, privateKeys = [] } = endpoint.credentials[0];
    const { signal } = new AbortController();
    const secrets = [password, privateKeys[0]?.passphrase].map(async (it) =>
      typeof it === "function" ? it(signal) : it,
    );
    return (await Promise.all(secrets)).map(reveal);
  };
  const options = { passwordEnv: "PW", passwordCommand: command, clientKeys: ["/k"], passphraseCommand: command };
  expect(await read(options, { login: "me", password: file }, variable)).toEqual(["file", "command"]);
  expect(await read(options, { login: "me" }, variable)).toEqual(["variable", "command"]);
  expect(await read(options, { login: "me" })).toEqual(["command", "command"]);
  const own = { login: "me", passwordCommand: ["echo", "own"] };
  expect(await read(options, own)).toEqual(["own", "command"]);
  const careful = { ...environment, sendPasswords: false };
  const [endpoint] = await planRoute(labOf(), host("a", { ssh: { ...ssh, ...options }, creds: [own] }), careful);
  expect(endpoint.credentials[0]).toMatchObject({ password: undefined, privateKeys: [{ passphrase: undefined }] });
});

test("a host without any login is an error", async () => {
  await expect(planRoute(labOf(), host("a", { creds: [] }), environment)).rejects.toMatchObject({
    code: "LAB_NO_LOGIN",
  });
});

test("a pinned key is the only one trusted; else known_hosts, and new keys are learned in otto's own file", async () => {
  const [pinned] = await planRoute(labOf(), host("a", { ssh: { ...ssh, hostKey: "SHA256:x" } }), environment);
  const [open] = await planRoute(labOf(), host("a"), environment);
  expect(pinned.hostKey).toEqual({ pin: "SHA256:x" });
  expect(open.hostKey).toEqual({
    knownHosts: [
      "/nonexistent/.ssh/known_hosts",
      "/nonexistent/.ssh/known_hosts2",
      "/etc/ssh/ssh_known_hosts",
      "/etc/ssh/ssh_known_hosts2",
    ],
    learn: { file: "/nonexistent/.local/state/otto/known_hosts" },
  });
});

test("an SSH configuration fills what the lab leaves open, and nothing else", async () => {
  const home = await mkdtemp(join(tmpdir(), "otto-route-"));
  await mkdir(join(home, ".ssh"));
  const text = "Host box\n HostName 10.0.0.7\n Port 2200\n User them\n IdentityFile ~/k\n ProxyJump a,you@b:23\n";
  await writeFile(join(home, ".ssh", "config"), text);
  const configured = { ...ssh, useSshConfig: true, agent: false };
  const show = async (changes: Partial<HostData>) => {
    const route = await planRoute(labOf(host("gate")), host("p", { ip: "box", ...changes }), { env: {}, home });
    return route.map(
      ({ name, host: at, port, credentials: [{ username, privateKeys = [] }] }) =>
        `${name} ${username}@${at}:${port} ${privateKeys.map((key) => ("path" in key ? key.path : "")).join()}`,
    );
  };
  const me = userInfo().username;
  expect(await show({ ssh: configured })).toEqual([`a ${me}@a:22 `, "b you@b:23 ", `p them@10.0.0.7:2200 ${home}/k`]);
  const explicit = { user: "me", hop: "gate", ssh: { ...configured, port: 7, clientKeys: ["/mine"] } };
  expect(await show(explicit)).toEqual(["gate me@ip-gate:22 ", "p me@10.0.0.7:7 /mine"]);
  expect(await show({})).toEqual(["p me@box:22 "]);
  await rm(home, { recursive: true });
});

test("an SSH configuration that is there and cannot be read is an error that names it", async () => {
  const home = await mkdtemp(join(tmpdir(), "otto-route-"));
  await mkdir(join(home, ".ssh", "config"), { recursive: true });
  const parent = host("p", { ssh: { ...ssh, useSshConfig: true } });
  await expect(planRoute(labOf(), parent, { env: {}, home })).rejects.toMatchObject({
    code: "LAB_SSH_CONFIG_UNREADABLE",
  });
  await rm(home, { recursive: true });
});

test("a route through a host whose lab file is not trusted authorizes no connection to it, and passwords may be kept", async () => {
  const origin = { file: "/clone/lab.json", digest: "1" };
  const parent = host("parent", { hop: "hop", creds: [{ login: "me", password: new Secret("pw") }] });
  const lab = labOf(host("hop", { origin }), parent);
  const [hop, target] = await planRoute(lab, parent, environment);
  expect(() => hop.authorize?.()).toThrow(expect.objectContaining({ code: "LAB_NOT_TRUSTED" }));
  expect(() => target?.authorize?.()).not.toThrow();
  expect(reveal(target?.credentials[0].password)).toBe("pw");
  const [, careful] = await planRoute(lab, parent, { ...environment, sendPasswords: false });
  expect(careful?.credentials[0].password).toBeUndefined();
});

/** A home whose SSH configuration says `text`. */
async function makeHome(text: string) {
  const home = await mkdtemp(join(tmpdir(), "otto-route-"));
  await mkdir(join(home, ".ssh"));
  await writeFile(join(home, ".ssh", "config"), text.replaceAll("HOME", home));
  return { home, [Symbol.asyncDispose]: () => rm(home, { recursive: true }) };
}

const asked = (changes: Partial<HostData> = {}) =>
  host("p", { ip: "box", creds: [], ...changes, ssh: { ...sshDefaults, ...changes.ssh, useSshConfig: true } });

test("what the SSH configuration says of login, host keys and link goes to the endpoint", async () => {
  const text = `Host box
  IdentityAgent /run/agent.sock
  CertificateFile ~/.ssh/me-cert.pub
  HostKeyAlias rack
  StrictHostKeyChecking yes
  UserKnownHostsFile /k/mine
  GlobalKnownHostsFile /k/all
  KexAlgorithms curve25519-sha256
  ConnectTimeout 7
  ServerAliveInterval 5
  ServerAliveCountMax 1
  Compression yes
  ProxyCommand nc %h %p
`;
  await using made = await makeHome(text);
  const [endpoint] = await planRoute(labOf(), asked(), { env: {}, home: made.home });
  expect(endpoint).toMatchObject({
    alias: "box",
    credentials: [
      { username: userInfo().username, agent: "/run/agent.sock", certificates: [join(made.home, ".ssh/me-cert.pub")] },
    ],
    hostKeyAlias: "rack",
    hostKey: { knownHosts: ["/k/mine", "/k/all"] },
    algorithms: { kex: "curve25519-sha256" },
    connectTimeoutMs: 7000,
    keepaliveIntervalMs: 5000,
    keepaliveCountMax: 2,
    compress: true,
    proxyCommand: "nc %h %p",
    configFile: join(made.home, ".ssh", "config"),
  });
  expect(endpoint.hostKey).not.toHaveProperty("learn");
});

test.each([
  [{}, 2200],
  [{ isPortGiven: true }, 22],
  [{ port: 23 }, 23],
] as const)("the port of a host that says %j of it", async (given, port) => {
  await using made = await makeHome("Host box\n Port 2200\n");
  const [endpoint] = await planRoute(labOf(), asked({ ssh: { ...sshDefaults, ...given } }), {
    env: {},
    home: made.home,
  });
  expect(endpoint.port).toBe(port);
});

test.each([
  ["IdentityFile none", ["none"]],
  ["IdentityFile ~/.ssh/other", ["other"]],
  ["IdentitiesOnly yes", ["id_ed25519", "id_rsa", "only these of the agent"]],
  ["IdentityFile ~/.ssh/one.pub\n IdentitiesOnly yes", ["one.pub", "only these of the agent"]],
  ["User me", ["id_rsa"]],
])("the keys of a configuration that says %j", async (line, expected) => {
  await using made = await makeHome(`Host box\n ${line}\n`);
  for (const name of ["id_rsa", "id_ed25519.pub"]) await writeFile(join(made.home, ".ssh", name), "");
  const [endpoint] = await planRoute(labOf(), asked(), { env: process.env, home: made.home });
  const { privateKeys = [], identitiesOnly = false } = endpoint.credentials[0];
  const names = privateKeys.map((key) => ("path" in key ? basename(key.path) : ""));
  const keys = names.length === 0 ? ["none"] : names;
  expect([...keys, ...(identitiesOnly ? ["only these of the agent"] : [])]).toEqual(expected);
});

test("what the lab says goes before the SSH configuration, its way too", async () => {
  const text = "Host box\n ConnectTimeout 7\n ProxyJump a\n IdentityAgent none\nHost gate\n ProxyCommand nc %h %p\n";
  await using made = await makeHome(text);
  const environment = { env: { SSH_AUTH_SOCK: "/agent" }, home: made.home };
  const options = { ...ssh, connectTimeoutMs: 3000, proxyCommand: "mine %h", agent: true };
  const [endpoint, ...others] = await planRoute(labOf(), asked({ ssh: options }), environment);
  expect(endpoint).toMatchObject({
    connectTimeoutMs: 3000,
    proxyCommand: "mine %h",
    credentials: [{ agent: "/agent" }],
  });
  expect(others).toEqual([]);
  const direct = await planRoute(labOf(), asked({ ssh: { ...options, proxyCommand: "none" } }), environment);
  expect(direct.map(({ name, proxyCommand }) => [name, proxyCommand])).toEqual([["p", undefined]]);
  const gate = host("gate", { ip: "gate", ssh: { ...ssh, useSshConfig: true } });
  const way = await planRoute(labOf(gate), asked({ hop: "gate" }), environment);
  expect(way.map(({ name, proxyCommand }) => [name, proxyCommand])).toEqual([
    ["gate", "nc %h %p"],
    ["p", undefined],
  ]);
});

test.each([
  ["no", "UserKnownHostsFile /dev/null", "/dev/null"],
  ["accept-new", "UserKnownHostsFile none", "/dev/null"],
  ["ask", "UserKnownHostsFile HOME/keys", "HOME/keys"],
  ["no", "", "HOME/.local/state/otto/known_hosts"],
])("StrictHostKeyChecking %s with %j records new keys in %s", async (strictness, line, file) => {
  await using made = await makeHome(`StrictHostKeyChecking ${strictness}\n${line}\n`);
  const [{ hostKey }] = await planRoute(labOf(), asked(), { env: {}, home: made.home });
  expect(hostKey).toMatchObject({ learn: { file: file.replace("HOME", made.home) } });
});

test("without an ssh the configuration is parsed, and what only ssh can judge is refused", async () => {
  await using made = await makeHome("Match exec true\n Port 7\nHost box\n User them\n");
  const without = { env: { PATH: "/nowhere" }, home: made.home };
  await expect(planRoute(labOf(), asked(), without)).rejects.toMatchObject({
    code: "SSH_CONFIG_INVALID",
    message: expect.stringContaining("Match exec") as string,
  });
  const { PATH } = process.env;
  expect((await planRoute(labOf(), asked(), { env: { PATH }, home: made.home }))[0].port).toBe(7);
});

test("a Match exec that waits ends with the lab that asks for it", async () => {
  await using made = await makeHome('Match exec "touch HOME/began; exec sleep 60"\n Port 7\n');
  const { PATH } = process.env;
  const lab = new Lab({ data: labOf(asked()), repos: [], env: { PATH }, home: made.home });
  const running = lab.machine("p").exec(["true"]);
  await expect.poll(() => existsSync(join(made.home, "began"))).toBe(true);
  await Promise.all([
    lab[Symbol.asyncDispose](),
    expect(running).rejects.toMatchObject({ code: "SSH_SESSION_CLOSED" }),
  ]);
});

test("nothing is run for a host whose lab file is not trusted, and once for each name of one that is", async () => {
  await using made = await makeHome('Match exec "echo ran >>HOME/runs"\n Port 7\n');
  const { PATH } = process.env;
  const environment = { env: { PATH }, home: made.home };
  const config = new SshClientConfig(environment);
  const origin = { file: "/clone/lab.json", digest: "1" };
  await expect(planRoute(labOf(), asked({ origin }), environment, config)).rejects.toMatchObject({
    code: "LAB_NOT_TRUSTED",
  });
  await expect(readFile(join(made.home, "runs"))).rejects.toMatchObject({ code: "ENOENT" });
  for (const name of ["box", "box", "other"]) await planRoute(labOf(), asked({ ip: name }), environment, config);
  expect(await readFile(join(made.home, "runs"), "utf8")).toBe("ran\nran\n");
});
