import { execFile } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createKeyPair, type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshAlgorithms, type SshEndpoint, type SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

// What a list of algorithms comes to is read in the log of the server.

const run = promisify(execFile);

type Name = "server" | "old" | "strict";
let lab: Lab<Name>;
/** Of both types, in the order in which they are tried. */
let keyPaths: readonly string[];

beforeAll(async () => {
  const logLevel = "DEBUG2";
  lab = await startLab({
    hosts: {
      server: {
        server: "openssh",
        hostKeyTypes: ["ed25519", "rsa"],
        logLevel,
        sshdConfig: ["Ciphers +aes256-cbc", "HostKeyAlgorithms +ssh-rsa", "PubkeyAcceptedAlgorithms +ssh-rsa"],
      },
      strict: {
        server: "openssh",
        sshdConfig: ["KexAlgorithms ecdh-sha2-nistp256", "Ciphers aes256-ctr", "MACs hmac-sha2-512"],
      },
      old: {
        server: "openssh",
        logLevel,
        sshdConfig: ["KexAlgorithms diffie-hellman-group14-sha1", "Ciphers aes256-cbc", "MACs hmac-sha1"],
      },
    },
  });
  const { privateKeyPath } = await createKeyPair("rsa", join(lab.directory, "rsa"));
  await appendFile(`${lab.privateKeyPath}.pub`, await readFile(`${privateKeyPath}.pub`, "utf8"));
  keyPaths = [lab.privateKeyPath, privateKeyPath];
});

afterAll(() => lab[Symbol.asyncDispose]());

const optionNames: Readonly<Record<keyof SshAlgorithms, string>> = {
  kex: "KexAlgorithms",
  ciphers: "Ciphers",
  macs: "MACs",
  hostKeys: "HostKeyAlgorithms",
  publicKeys: "PubkeyAcceptedAlgorithms",
};

/** What the server's log has of one connection. */
async function negotiated(name: Name, connect: () => Promise<unknown>) {
  const { logPath } = lab.hosts[name];
  const { length } = await readFile(logPath, "utf8");
  await connect();
  const log = (await readFile(logPath, "utf8")).slice(length);
  const find = (pattern: RegExp) => pattern.exec(log)?.[1];
  return {
    kex: find(/kex: algorithm: (\S+)/),
    hostKeys: find(/kex: host key algorithm: (\S+)/),
    ciphers: find(/kex: client->server cipher: (\S+)/),
    macs: find(/kex: client->server cipher: \S+ MAC: (\S+)/),
    // A client asks whether the key is taken, or sends its signature at once.
    publicKeys: [...new Set([...log.matchAll(/(?:querying|attempting) public key (\S+)/g)].map(([, name]) => name))],
  };
}

async function runSsh(name: Name, algorithms: SshAlgorithms) {
  const host = lab.hosts[name];
  const given = Object.entries(algorithms).flatMap(([kind, list]) => [
    "-o",
    `${optionNames[kind as keyof SshAlgorithms]}=${list}`,
  ]);
  const options = ["BatchMode=yes", "IdentityAgent=none", `UserKnownHostsFile=${lab.knownHostsPath}`];
  const keys = keyPaths.flatMap((path) => ["-i", path]);
  const target = ["-p", String(host.port), `${host.user}@${host.address}`, "true"];
  await run("ssh", ["-F", "none", ...options.flatMap((it) => ["-o", it]), ...given, ...keys, ...target]);
}

async function runSession(name: Name, changes: Partial<SshEndpoint>): Promise<readonly string[]> {
  const host = lab.hosts[name];
  const privateKeys = keyPaths.map((path) => ({ path }));
  const endpoint = endpointOf(lab, host, { credentials: [{ username: host.user, privateKeys }], ...changes });
  const events: SshEvent[] = [];
  await using session = openSshSession([endpoint], { onEvent: (event) => events.push(event) });
  expect((await session.exec(["true"])).exitCode).toBe(0);
  return events.flatMap((event) => (event.type === "ssh.transport" ? [`${event.transport}: ${event.cause}`] : []));
}

test.each<[SshAlgorithms, Name, Partial<Awaited<ReturnType<typeof negotiated>>>]>([
  [{ kex: "ecdh-sha2-nistp384" }, "server", { kex: "ecdh-sha2-nistp384" }],
  [{ ciphers: "aes192-ctr", macs: "hmac-sha2-512" }, "server", { ciphers: "aes192-ctr", macs: "hmac-sha2-512" }],
  [{ ciphers: "-chacha20*,aes128*,*gcm*" }, "server", { ciphers: "aes192-ctr" }],
  [{ ciphers: "^aes256-cbc" }, "server", { ciphers: "aes256-cbc" }],
  [{ hostKeys: "rsa-sha2-256" }, "server", { hostKeys: "rsa-sha2-256" }],
  [{ hostKeys: "ssh-rsa" }, "server", { hostKeys: "ssh-rsa" }],
  [{ hostKeys: "-*ed25519*,rsa-sha2-512*" }, "server", { hostKeys: "rsa-sha2-256" }],
  [{ publicKeys: "rsa-sha2-512" }, "server", { publicKeys: ["rsa-sha2-512"] }],
  [{ publicKeys: "ssh-rsa" }, "server", { publicKeys: ["ssh-rsa"] }],
  [{ publicKeys: "-*ed25519*,rsa-sha2-512*" }, "server", { publicKeys: ["rsa-sha2-256"] }],
  [
    { kex: "+diffie-hellman-group14-sha1", ciphers: "+aes256-cbc" },
    "old",
    { kex: "diffie-hellman-group14-sha1", ciphers: "aes256-cbc" },
  ],
])("%j is what the server is asked for, by ssh and by both transports", async (algorithms, name, expected) => {
  expect(await negotiated(name, () => runSsh(name, algorithms))).toMatchObject(expected);
  for (const transport of ["ssh2", "openssh"] as const) {
    const seen = await negotiated(name, () => runSession(name, { algorithms, transport }));
    expect(seen, transport).toMatchObject(expected);
  }
});

test.concurrent.each<SshAlgorithms>([
  { kex: "curve25519-sha256" },
  { ciphers: "aes192-ctr" },
  { macs: "hmac-sha2-256" },
  { hostKeys: "ecdsa-sha2-nistp256" },
  { ciphers: "-aes256-*" },
  { hostKeys: "-ssh-ed25519*" },
])("what a list leaves out is not used, by ssh and by every transport: %j", async (algorithms) => {
  await expect(runSsh("strict", algorithms)).rejects.toMatchObject({
    stderr: expect.stringContaining("no matching") as string,
  });
  for (const transport of ["ssh2", "openssh", "auto"] as const) {
    await expect(runSession("strict", { algorithms, transport }), transport).rejects.toMatchObject({
      code: "SSH_CONNECT_FAILED",
      details: { reason: "algorithms" },
    });
  }
});

test("a list of which ssh2 has nothing goes to ssh, and ssh2 alone asks for none of its own", async () => {
  const algorithms = { ciphers: "aes256-ctr", macs: "umac-128-etm@openssh.com" };
  let choices: readonly string[] = [];
  const seen = await negotiated("server", async () => {
    choices = await runSession("server", { algorithms });
  });
  expect(choices).toEqual(["openssh: MACs umac-128-etm@openssh.com"]);
  expect(seen).toMatchObject({ ciphers: "aes256-ctr", macs: "umac-128-etm@openssh.com" });
  await expect(runSession("server", { algorithms, transport: "ssh2" })).rejects.toMatchObject({
    code: "SSH_CONNECT_FAILED",
    message: expect.stringContaining("ssh2 has nothing of MACs umac-128-etm@openssh.com") as string,
    details: { reason: "algorithms" },
  });
});

test.each(["ssh2", "openssh"] as const)(
  "a key that no list of the user has is not offered by %s",
  async (transport) => {
    const connecting = runSession("server", { algorithms: { publicKeys: "ecdsa-*" }, transport });
    await expect(connecting).rejects.toMatchObject({ code: "SSH_AUTH_FAILED" });
  },
);
