import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostData, LabData } from "@otto/config";
import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
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
  const base = { id, handle: id, element: id, ip: `ip-${id}`, creds: [{ login: "me" }], labs: ["l"], resources: [] };
  return { ...base, dockerCapable: true, ssh, docker, isLocal: false, ...changes };
}

const reveal = (secret: unknown) => (secret instanceof Secret ? secret.reveal() : undefined);
const labOf = (...hosts: HostData[]): LabData => ({ name: "l", hosts, links: [], notes: [] });
const environment = { env: { PW: "hunter2", SSH_AUTH_SOCK: "/agent" }, home: "/nonexistent" };

test("hops come first, the host last", () => {
  const parent = host("parent", { hop: "inner" });
  const lab = labOf(host("outer"), host("inner", { hop: "outer" }), parent);
  expect(planRoute(lab, parent, environment).map(({ name }) => name)).toEqual(["outer", "inner", "parent"]);
});

test("a hop that the lab does not hold is an error that names it", () => {
  const parent = host("parent", { hop: "gone" });
  expect(() => planRoute(labOf(parent), parent, environment)).toThrow(
    expect.objectContaining({ code: "LAB_UNKNOWN_HOP" }),
  );
});

test("the host's user is tried first, with its own password, then the other logins", () => {
  const creds = [{ login: "me" }, { login: "root", password: new Secret("toor") }];
  const [endpoint] = planRoute(labOf(), host("a", { user: "root", creds }), environment);
  expect(endpoint.credentials.map(({ username, password }) => [username, reveal(password)])).toEqual([
    ["root", "toor"],
    ["me", undefined],
  ]);
});

test("a password may come from a variable, the agent from SSH_AUTH_SOCK unless it is switched off", () => {
  const [withAgent] = planRoute(labOf(), host("a", { ssh: { ...ssh, passwordEnv: "PW" } }), environment);
  const [without] = planRoute(labOf(), host("a", { ssh: { ...ssh, agent: false } }), environment);
  expect(withAgent.credentials[0]).toMatchObject({ agent: "/agent" });
  expect(reveal(withAgent.credentials[0].password)).toBe("hunter2");
  expect(without.credentials[0].agent).toBeUndefined();
});

test("a password or passphrase may come from a command, after the file and the variable, and runs when it is needed", async () => {
  const [file, variable, command] = [new Secret("file"), { PW: "variable" }, ["echo", "command"]];
  const read = async (options: Partial<HostData["ssh"]>, creds: HostData["creds"][number], env = {}) => {
    const setting = { ...environment, env: { PATH: process.env.PATH, ...env } };
    const [endpoint] = planRoute(labOf(), host("a", { ssh: { ...ssh, ...options }, creds: [creds] }), setting);
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
  const [endpoint] = planRoute(labOf(), host("a", { ssh: { ...ssh, ...options }, creds: [own] }), careful);
  expect(endpoint.credentials[0]).toMatchObject({ password: undefined, privateKeys: [{ passphrase: undefined }] });
});

test("a host without any login is an error", () => {
  expect(() => planRoute(labOf(), host("a", { creds: [] }), environment)).toThrow(
    expect.objectContaining({ code: "LAB_NO_LOGIN" }),
  );
});

test("a pinned key is the only one trusted; else known_hosts, and new keys are learned in otto's own file", () => {
  const [pinned] = planRoute(labOf(), host("a", { ssh: { ...ssh, hostKey: "SHA256:x" } }), environment);
  const [open] = planRoute(labOf(), host("a"), environment);
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
  const show = (changes: Partial<HostData>) =>
    planRoute(labOf(host("gate")), host("p", { ip: "box", ...changes }), { env: { USER: "local" }, home }).map(
      ({ name, host: at, port, credentials: [{ username, privateKeys = [] }] }) =>
        `${name} ${username}@${at}:${port} ${privateKeys.map((key) => ("path" in key ? key.path : "")).join()}`,
    );
  expect(show({ ssh: configured })).toEqual(["a local@a:22 ", "b you@b:23 ", `p them@10.0.0.7:2200 ${home}/k`]);
  const explicit = { user: "me", hop: "gate", ssh: { ...configured, port: 7, clientKeys: ["/mine"] } };
  expect(show(explicit)).toEqual(["gate me@ip-gate:22 ", "p me@10.0.0.7:7 /mine"]);
  expect(show({})).toEqual(["p me@box:22 "]);
  await rm(home, { recursive: true });
});

test("an SSH configuration that is there and cannot be read is an error that names it", async () => {
  const home = await mkdtemp(join(tmpdir(), "otto-route-"));
  await mkdir(join(home, ".ssh", "config"), { recursive: true });
  const parent = host("p", { ssh: { ...ssh, useSshConfig: true } });
  expect(() => planRoute(labOf(), parent, { env: {}, home })).toThrow(
    expect.objectContaining({ code: "LAB_SSH_CONFIG_UNREADABLE" }),
  );
  await rm(home, { recursive: true });
});

test("a route through a host whose lab file is not trusted authorizes no connection to it, and passwords may be kept", () => {
  const origin = { file: "/clone/lab.json", digest: "1" };
  const parent = host("parent", { hop: "hop", creds: [{ login: "me", password: new Secret("pw") }] });
  const lab = labOf(host("hop", { origin }), parent);
  const [hop, target] = planRoute(lab, parent, environment);
  expect(() => hop.authorize?.()).toThrow(expect.objectContaining({ code: "LAB_NOT_TRUSTED" }));
  expect(() => target?.authorize?.()).not.toThrow();
  expect(reveal(target?.credentials[0].password)).toBe("pw");
  const [, careful] = planRoute(lab, parent, { ...environment, sendPasswords: false });
  expect(careful?.credentials[0].password).toBeUndefined();
});
