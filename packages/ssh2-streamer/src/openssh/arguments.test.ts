import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { formatArguments, type MasterSetting } from "./arguments.js";

const setting: MasterSetting = {
  endpoint: { name: "box", host: "10.0.0.7", credentials: [{ username: "ada" }], hostKey: { knownHosts: [] } },
  login: {
    ...{ username: "ada", agent: undefined, identitiesOnly: false, privateKeys: [], certificates: [] },
    password: new Secret("hunter2"),
  },
  keyPaths: ['/home/a b/100%"id'],
  hostKeyAlgorithms: "ssh-ed25519,rsa-sha2-512",
  authoritiesFile: "/run/d/authorities",
  directory: "/run/d",
  program: "/run/d/ask",
  depth: 0,
  canAsk: false,
  isHandedOver: true,
};

test("nothing but what the endpoint says is used, and no secret is among it", () => {
  const args = formatArguments(setting);
  expect(args.slice(0, 6)).toEqual(["-v", "-N", "-F", "none", "-l", "ada"]);
  expect(args.slice(-2)).toEqual(["--", "10.0.0.7"]);
  expect(args).toEqual(
    expect.arrayContaining([
      "Port=22",
      'IdentityFile="/home/a b/100%%\\"id"',
      "IdentityAgent=none",
      "IdentitiesOnly=yes",
      "PreferredAuthentications=publickey,password,keyboard-interactive",
      "HostKeyAlgorithms=ssh-ed25519,rsa-sha2-512",
      'KnownHostsCommand=/bin/sh "/run/d/ask" host-key %I %H %t %K',
      "ServerAliveInterval=15",
      "ServerAliveCountMax=2",
    ]),
  );
  expect(args.join(" ")).not.toContain("hunter2");
});

test("an agent offers all of its keys, or those alone that are named", () => {
  const argsOf = (identitiesOnly: boolean) =>
    formatArguments({ ...setting, login: { ...setting.login, agent: "/run/agent", identitiesOnly } });
  expect(argsOf(false)).toContain("IdentitiesOnly=no");
  expect(argsOf(true)).toContain("IdentitiesOnly=yes");
});

test("an endpoint of a configuration is asked for by its alias, its algorithms are passed on", () => {
  const endpoint = {
    ...setting.endpoint,
    alias: "box",
    configFile: "/etc/c",
    algorithms: { kex: "sntrup761x25519-sha512@openssh.com" },
    compress: true,
    gssapi: true,
    keepaliveIntervalMs: 0,
  };
  const login = { ...setting.login, agent: "/run/agent", password: undefined };
  const args = formatArguments({ ...setting, endpoint, login, keyPaths: [], depth: 2 });
  expect([args.slice(2, 4), args.at(-1)]).toEqual([["-F", "/etc/c"], "box"]);
  expect(args).toEqual(
    expect.arrayContaining([
      "KexAlgorithms=sntrup761x25519-sha512@openssh.com",
      "Compression=yes",
      "IdentityFile=none",
      'IdentityAgent="/run/agent"',
      "IdentitiesOnly=no",
      "PreferredAuthentications=gssapi-with-mic,publickey,keyboard-interactive,password",
      "ServerAliveInterval=0",
      "ServerAliveCountMax=4",
    ]),
  );
});

test("an address with a scope and names with spaces are words", () => {
  const endpoint = { ...setting.endpoint, host: "fe80::1%eth0", hostKeyAlias: "my box" };
  const login = { ...setting.login, username: "ada lovelace" };
  const args = formatArguments({ ...setting, endpoint, login });
  expect(args).toEqual(expect.arrayContaining(["ada lovelace", 'HostName="fe80::1%%eth0"', 'HostKeyAlias="my box"']));
});

test("what a configuration says of an agent, of questions and of this machine weakens nothing", () => {
  const wanted = ["AddKeysToAgent=no", "BatchMode=no", "NoHostAuthenticationForLocalhost=no"];
  expect(formatArguments(setting)).toEqual(expect.arrayContaining(wanted));
});
