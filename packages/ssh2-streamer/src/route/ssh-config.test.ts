import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { isSshAlias, listSshAliases, resolveSshConfig } from "./ssh-config.js";
import type { LocalMachine, SshConfigHost } from "./ssh-config-host.js";
import { createOpenSshQuery } from "./ssh-config-query.js";

const text = `
Host box alias
  HostName 10.0.0.7
  User me
  IdentityFile ~/.ssh/a
  identityfile %d/keys/b
  ProxyJump first,you@second:2222
Host first
  hostname %h.example.com
Host second
  ProxyJump none
Host b* !bad
  Port 2200
Host loop
  ProxyJump pool
Host pool
  ProxyJump loop
Host command
  ProxyCommand nc %h %p
Host capital
  HostName CAPITAL.Example.COM
Host *
  User other
  IdentityFile ~/.ssh/c
`;

const local: LocalMachine = {
  home: "/home/u",
  username: "u",
  uid: 7,
  hostName: "desk.example.com",
  env: { KEYS: "/keys" },
};

const resolve = (alias: string, from = text) => resolveSshConfig({ text: from, local }, alias);

async function resolveOne(from: string, alias = "box"): Promise<SshConfigHost | undefined> {
  return (await resolve(alias, from)).at(-1);
}

/** The same by OpenSSH's client, of files that stand in a directory of their own. */
async function askClient(
  files: Readonly<Record<string, string>>,
  alias: string,
): Promise<readonly SshConfigHost[] | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "otto-config-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content.replaceAll("DIRECTORY", directory));
  }
  try {
    const env = { ...local.env, PATH: process.env.PATH };
    return await createOpenSshQuery({ local: { ...local, env }, configFile: join(directory, "config") })(alias);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a host with jumps becomes the route through them", async () => {
  const route = await resolve("box");
  expect(
    route.map(({ alias, host, port, username, identityFiles }) => [alias, host, port, username, identityFiles]),
  ).toEqual([
    ["first", "first.example.com", 22, "other", ["/home/u/.ssh/c"]],
    ["second", "second", 2222, "you", ["/home/u/.ssh/c"]],
    ["box", "10.0.0.7", 2200, "me", ["/home/u/.ssh/a", "/home/u/keys/b", "/home/u/.ssh/c"]],
  ]);
});

test("the last of several jumps is reached through the others, whatever it says of jumps itself", async () => {
  const route = await resolve(
    "box",
    "Host box\n ProxyJump a,b\nHost b\n ProxyJump c\nHost a\n ProxyCommand nc %h %p\n",
  );
  expect(route.map(({ alias, proxyCommand }) => [alias, proxyCommand])).toEqual([
    ["a", "nc %h %p"],
    ["b", undefined],
    ["box", undefined],
  ]);
});

test("a key that several sections name is tried once", async () => {
  const twice = "Host box\n  IdentityFile ~/.ssh/a\nHost *\n  IdentityFile %d/.ssh/a\n  IdentityFile ~/.ssh/b\n";
  expect((await resolveOne(twice))?.identityFiles).toEqual(["/home/u/.ssh/a", "/home/u/.ssh/b"]);
});

test("tokens and variables of paths stand for what ssh_config(5) says", async () => {
  const from = `Host box\n HostName b.example.com\n Port 7\n User me\n HostKeyAlias rack\n IdentityFile ~/%h-%n-%p-%r-%u-%i-%k-%L-%l-%%-\${KEYS}\n`;
  expect((await resolveOne(from))?.identityFiles).toEqual([
    "/home/u/b.example.com-box-7-me-u-7-rack-desk-desk.example.com-%-/keys",
  ]);
});

test.each([
  ...["box", "alias", "first", "second", "bad", "bus", "unknown", "Unknown", "First", "command", "you@box:7"],
  ...["CORP\\ada@box", "a da$@box", "a@b@box", "ssh://a%40b;x=y@box:7", "ssh://Box", "capital"],
])("OpenSSH reads the same of %s", async (alias) => {
  expect(await resolve(alias)).toEqual(await askClient({ config: text }, alias));
});

test("included files count where they are named, and their hosts end with them", async () => {
  const files: Record<string, string> = {
    "conf.d/one": "Host one\n  Port 2201\n",
    "conf.d/two": "Host two\n  Include DIRECTORY/users\n",
    users: "User second\nHost three\n  User never\n",
    config: "Include DIRECTORY/conf.d/*\nUser everyone\nHost one\n  Port 1\n  User late\n",
  };
  const readInclude = (pattern: string) =>
    pattern.endsWith("users") ? [files.users ?? ""] : [files["conf.d/one"] ?? "", files["conf.d/two"] ?? ""];
  for (const alias of ["one", "two", "three"]) {
    const ours = await resolveSshConfig({ text: files.config ?? "", local, readInclude }, alias);
    expect(ours, alias).toEqual(await askClient(files, alias));
  }
});

test("what is asked of everything that is honoured is what OpenSSH says", async () => {
  const from = `Host box
 HostName %h.example.com
 IdentityFile ~/.ssh/a
 IdentitiesOnly yes
 CertificateFile /certs/%r
 IdentityAgent /run/%r.sock
 HostKeyAlias rack
 StrictHostKeyChecking accept-new
 UserKnownHostsFile /k/one "/k/with space" /k/%k
 GlobalKnownHostsFile none
 KexAlgorithms curve25519-sha256
 Ciphers aes256-ctr
 MACs hmac-sha2-256
 HostKeyAlgorithms ssh-ed25519
 PubkeyAcceptedAlgorithms ssh-ed25519
 ConnectTimeout 1m30
 ServerAliveInterval 7
 ServerAliveCountMax 9
 Compression yes
 GSSAPIAuthentication yes
 PKCS11Provider /usr/lib/token.so
 RevokedHostKeys /etc/ssh/revoked
 User me
`;
  const [ours] = await resolve("box", from);
  expect([ours]).toEqual(await askClient({ config: from }, "box"));
  expect(ours).toMatchObject({
    strictHostKeyChecking: "accept-new",
    userKnownHostsFiles: ["/k/one", "/k/with space", "/k/rack"],
    globalKnownHostsFiles: [],
    connectTimeoutMs: 90_000,
    identitiesOnly: true,
    gssapi: true,
    pkcs11Provider: "/usr/lib/token.so",
    revokedHostKeys: ["/etc/ssh/revoked"],
  });
});

test("a hash of a path is OpenSSH's, and names that are made canonical for nobody are none of its own", async () => {
  const from = "CanonicalDomains example.com\nHost box\n User me\n IdentityAgent /run/%C\n";
  expect(await resolve("box", from)).toEqual(
    (await askClient({ config: from }, "box"))?.map((host) => ({ ...host, identityAgent: hashedAt(local.hostName) })),
  );
  expect(await askClient({ config: from }, "box")).toMatchObject([{ identityAgent: hashedAt(hostname()) }]);
});

function hashedAt(hostName: string): string {
  return `/run/${createHash("sha1").update(`${hostName}box22me`).digest("hex")}`;
}

test("no key at all is told from none that is named, and no time limit from one of no time", async () => {
  const from = "Host none\n IdentityFile none\nHost *\n ConnectTimeout 0\n";
  for (const [alias, identityFiles] of [
    ["none", []],
    ["open", undefined],
  ] as const) {
    expect(await resolve(alias, from)).toEqual(await askClient({ config: from }, alias));
    expect(await resolve(alias, from)).toMatchObject([{ identityFiles, connectTimeoutMs: undefined }]);
  }
});

test.each(["none\n{} 7", "0\n{} 7", "9\n{} none", "none"])(
  "a time of %j is the one that OpenSSH takes",
  async (values) => {
    for (const keyword of ["ConnectTimeout", "ServerAliveInterval"]) {
      const from = `${keyword} ${values.replace("{}", keyword)}\n`;
      const [theirs] = (await askClient({ config: from }, "box")) ?? [];
      const [ours] = await resolve("box", from);
      expect(times(ours), from).toEqual(times(theirs));
    }
  },
);

/** OpenSSH says 0 of an interval that nobody names. */
function times(host: SshConfigHost | undefined) {
  return [host?.connectTimeoutMs, host?.serverAliveIntervalMs ?? 0];
}

test.each([
  ["box", "gate,box"],
  ["box", "ssh://box:22"],
  ["Box", "gate,box"],
  ["box", "u@box"],
  ["box", "real\n HostName REAL"],
  ["box", "box:7\n Port 7"],
])("of %s, a way whose last jump is that machine itself is refused, as by OpenSSH: %j", async (alias, jumps) => {
  const from = `Host ${alias}\n ProxyJump ${jumps}\n User u\n`;
  const loop = {
    code: "SSH_CONFIG_INVALID",
    message: expect.stringMatching(/jumphost loop via (box|real)$/) as string,
  };
  await expect(askClient({ config: from }, alias)).rejects.toMatchObject(loop);
  await expect(resolve(alias, from)).rejects.toMatchObject(loop);
});

test.each(["gate,Box", "gate,you@box", "gate,box:7", "gate,%h"])(
  "a way that OpenSSH takes, by another login, port or spelling of the machine, is the same: %s",
  async (jumps) => {
    const from = `Host box\n ProxyJump ${jumps}\n`;
    const route = await resolve("box", from);
    expect(route).toHaveLength(3);
    expect(route).toEqual(await askClient({ config: from }, "box"));
  },
);

test("a list that is added to is handed on as it is written, where OpenSSH says the whole", async () => {
  const from = "KexAlgorithms +diffie-hellman-group1-sha1\n";
  const [theirs] = (await askClient({ config: from }, "box")) ?? [];
  expect((await resolveOne(from))?.algorithms).toEqual({ kex: "+diffie-hellman-group1-sha1" });
  expect(theirs?.algorithms?.kex).toMatch(/^[^+].*,diffie-hellman-group1-sha1$/);
});

test("a file that includes itself is refused", async () => {
  const config = { text: "Include again", local, readInclude: () => ["Include again"] };
  await expect(resolveSshConfig(config, "box")).rejects.toThrow("deeper than 16 files");
});

test.each([
  ["loop", text, "jumps in a circle: loop, pool, loop"],
  ["box", "Match exec true\n Port 3\n", "Match exec can be judged by OpenSSH's client alone"],
  ["box", "Match host box final\n Port 3\n", "Match final"],
  ["box", "BindAddress 10.0.0.1\n", "bindaddress is not understood"],
  ["box", "PortNumber 7\n", "portnumber is not understood"],
  ["box", "IdentityFile ~/%x\n", "%x of ~/%x stands for nothing"],
  ["box", `IdentityFile \${NOTHING}/k\n`, `\${NOTHING} of \${NOTHING}/k stands for nothing`],
  ["box", "IdentityFile ~other/k\n", "the home of another user"],
  ["box", "Port 0\n", "invalid port 0: expected 1 to 65535"],
  ["box", "ConnectTimeout soon\n", "invalid time soon"],
  ["box", "ServerAliveCountMax many\n", "invalid ServerAliveCountMax many"],
  ["box", 'User "me\n', "a quote has no end"],
  ["box", "User\n", "User has no value"],
  ["box", "StrictHostKeyChecking maybe\n", "StrictHostKeyChecking is none of its values"],
])("of %s, %j is refused by name", async (alias, from, message) => {
  await expect(resolve(alias, from)).rejects.toMatchObject({
    code: "SSH_CONFIG_INVALID",
    message: expect.stringContaining(message) as string,
  });
});

test.each([
  "Host other\n BindAddress 10.0.0.1\n PortNumber 7\n",
  "Match exec true host other\n Port 3\n",
  "IgnoreUnknown Port*\nPortNumber 7\n",
  "BindAddress none\nProxyUseFdpass no\nForwardAgent yes\nSendEnv LANG LC_*\n",
])("what is for another host, or asks for nothing, is none of box: %j", async (from) => {
  expect((await resolveOne(from))?.port).toBe(22);
});

test("a Match exec is run by OpenSSH's client where that is asked, and by nothing else", async () => {
  const files = { config: 'Match exec "touch DIRECTORY/ran; test -f DIRECTORY/ran"\n Port 7\nHost box\n User me\n' };
  const [host] = (await askClient(files, "box")) ?? [];
  expect(host?.port).toBe(7);
  expect(listSshAliases({ text: files.config })).toEqual(["box"]);
  expect(isSshAlias({ text: files.config }, "box")).toBe(true);
});

test("what OpenSSH's client refuses is an error with its words, and without a client there is no answer", async () => {
  const invalid = {
    code: "SSH_CONFIG_INVALID",
    message: expect.stringContaining("Bad configuration option: foo") as string,
  };
  await expect(askClient({ config: "Foo bar\n" }, "box")).rejects.toMatchObject(invalid);
  expect(
    await createOpenSshQuery({ local: { ...local, env: { PATH: "/nowhere" } }, configFile: "none" })("box"),
  ).toBeUndefined();
});

test.each([
  ["Dropbear's", `echo Dropbear v2022.83 >&2`, "-V\n"],
  [
    "that of a user whom the machine does not know",
    `echo OpenSSH_9.2p1 >&2; test $1 = -V`,
    "-V\n-G -F none -- localhost\n",
  ],
])("an ssh that cannot say what it does, as %s, is asked for no machine", async (_, behaviour, asked) => {
  const directory = mkdtempSync(join(tmpdir(), "otto-ssh-"));
  const program = `#!/bin/sh\necho "$@" >>${directory}/asked\n${behaviour}\n`;
  writeFileSync(join(directory, "ssh"), program, { mode: 0o755 });
  const env = { PATH: `${directory}:/usr/bin:/bin` };
  expect(await createOpenSshQuery({ local: { ...local, env } })("box")).toBeUndefined();
  expect(readFileSync(join(directory, "asked"), "utf8")).toBe(asked);
  rmSync(directory, { recursive: true });
});

test.each(["-oProxyCommand=touch /tmp/x", "$(touch x)", "a b", "a;b"])("no shell gets the name %j", async (alias) => {
  await expect(askClient({ config: "" }, alias)).rejects.toMatchObject({ code: "SSH_CONFIG_INVALID" });
});

test("aliases are the names of Host lines; a name counts when a pattern matches it that is not for all", () => {
  const config = {
    text: "Host box alias *.corp !bad.corp\n Include more\nHost *\n User me\nMatch exec false\n Port 1\n",
    readInclude: () => ["Host inner\n"],
  };
  expect(listSshAliases(config)).toEqual(["box", "alias", "inner"]);
  const known = ["box", "web.corp", "bad.corp", "inner", "other", "Box"].filter((name) => isSshAlias(config, name));
  expect(known).toEqual(["box", "web.corp", "inner"]);
});
