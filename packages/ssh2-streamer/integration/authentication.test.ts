import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { isOttoError, OttoError, Secret } from "@otto/errors";
import { closedPort, createKeyPair, type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshCredential, type SshEndpoint } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

const run = promisify(execFile);

type Name = "keys" | "password" | "interactive" | "both";
let lab: Lab<Name>;

beforeAll(async () => {
  lab = await startLab({
    hosts: {
      keys: {},
      password: { authentication: ["password"] },
      interactive: { authentication: ["keyboard-interactive"] },
      both: {
        authentication: ["publickey", "password"],
        sshdConfig: ["AuthenticationMethods publickey,password"],
      },
    },
  });
});

afterAll(() => lab[Symbol.asyncDispose]());

function whoami(name: Name, ...credentials: [SshCredential, ...SshCredential[]]): Promise<string> {
  return whoamiBy("auto", name, ...credentials);
}

async function whoamiBy(
  transport: SshEndpoint["transport"],
  name: Name,
  ...credentials: [SshCredential, ...SshCredential[]]
): Promise<string> {
  await using session = openSshSession([endpointOf(lab, lab.hosts[name], { credentials, transport })]);
  return (await session.exec(["whoami"])).stdout.toString().trim();
}

async function refusalOf(promise: Promise<string>): Promise<OttoError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!isOttoError(error, "SSH_AUTH_FAILED")) throw new Error("a refusal was due", { cause: error });
  return error;
}

const username = () => lab.hosts.keys.user;
const password = () => new Secret(lab.hosts.password.password ?? "");

async function authorize(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await appendFile(`${lab.privateKeyPath}.pub`, `${await readFile(`${path}.pub`, "utf8")}\n`);
}

test.each(["ed25519", "ecdsa", "rsa"] as const)(
  "a %s key logs in, by file, by content, with a passphrase",
  async (type) => {
    const plain = await createKeyPair(type, join(lab.directory, `plain-${type}`));
    const locked = await createKeyPair(type, join(lab.directory, `locked-${type}`), "open sesame");
    await authorize(plain.privateKeyPath, locked.privateKeyPath);
    const passphrase = new Secret("open sesame");
    const content = new Secret(await readFile(plain.privateKeyPath, "utf8"));
    for (const key of [{ path: plain.privateKeyPath }, { content }, { path: locked.privateKeyPath, passphrase }]) {
      expect(await whoami("keys", { username: username(), privateKeys: [key] })).toBe(username());
    }
  },
);

test("a key that cannot be used is named, without its passphrase", async () => {
  const locked = await createKeyPair("ed25519", join(lab.directory, "locked"), "open sesame");
  const privateKeys = [
    { path: "/no/key" },
    { path: locked.privateKeyPath },
    { path: locked.privateKeyPath, passphrase: new Secret("wrong-phrase") },
  ];
  const { message } = await refusalOf(whoami("keys", { username: username(), privateKeys }));
  expect(message).toContain("logging in to keys: refused");
  expect(message).toContain("/no/key (unreadable: no such file)");
  expect(message).toContain(locked.privateKeyPath);
  expect(message).not.toContain("wrong-phrase");
});

test("an agent's key logs in; an agent that does not answer is told and passed over", async () => {
  const key = await createKeyPair("ed25519", join(lab.directory, "agent-key"));
  await authorize(key.privateKeyPath);
  const { agent, process } = await startAgent("agent.sock", key.privateKeyPath);
  expect(await whoami("keys", { username: username(), agent })).toBe(username());
  process.kill();
  await once(process, "exit");
  const privateKeys = [{ path: lab.privateKeyPath }];
  expect(await whoami("keys", { username: username(), agent }, { username: username(), privateKeys })).toBe(username());
  const { message } = await refusalOf(whoami("keys", { username: username(), agent }));
  expect(message).toContain(agent);
});

async function startAgent(name: string, ...keys: readonly string[]) {
  const agent = join(lab.directory, name);
  const process = spawn("ssh-agent", ["-D", "-a", agent], { stdio: ["ignore", "pipe", "inherit"] });
  await once(process.stdout, "data");
  await run("ssh-add", ["-q", ...keys], { env: { ...globalThis.process.env, SSH_AUTH_SOCK: agent } });
  return { agent, process };
}

test.each(["ssh2", "openssh"] as const)(
  "of an agent with more keys than a server lets try, only those that are named are offered, by %s",
  async (transport) => {
    const pairs = [1, 2, 3, 4, 5, 6, 7, 8].map((index) =>
      createKeyPair("ed25519", join(lab.directory, `${transport}-agent-key-${index}`)),
    );
    const paths = (await Promise.all(pairs)).map(({ privateKeyPath }) => privateKeyPath);
    const last = paths.at(-1) ?? "";
    await authorize(last);
    const { agent, process } = await startAgent(`${transport}.sock`, ...paths);
    // As where the private key is in the agent alone.
    await rm(last);
    const login = (credential: Partial<SshCredential>) =>
      whoamiBy(transport, "keys", { username: username(), agent, ...credential });
    for (const path of [last, `${last}.pub`])
      expect(await login({ identitiesOnly: true, privateKeys: [{ path }] })).toBe(username());
    const { message } = await refusalOf(login({}));
    expect(message).toContain("Too many authentication failures");
    await refusalOf(login({ identitiesOnly: true }));
    process.kill();
    await once(process, "exit");
  },
);

test.each(["password", "interactive"] as const)("a password logs in to a server that asks by %s", async (name) => {
  expect(await whoami(name, { username: username(), password: password() })).toBe(username());
});

test("a wrong password is refused and not shown", async () => {
  const credential = { username: username(), password: new Secret("hunter2-hunter2") };
  const error = await refusalOf(whoami("password", credential));
  expect(error.details).toMatchObject({ hop: "password", offered: ["password"] });
  expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain("hunter2");
});

test("a server that wants a key and a password gets both", async () => {
  const privateKeys = [{ path: lab.privateKeyPath }];
  expect(await whoami("both", { username: username(), privateKeys, password: password() })).toBe(username());
});

test("credentials are tried in their order, each login name on a connection of its own", async () => {
  const before = await lab.hosts.password.handshakes();
  const wrong = { username: "nobody", password: new Secret("wrong") };
  expect(await whoami("password", wrong, { username: username(), password: password() })).toBe(username());
  expect((await lab.hosts.password.handshakes()) - before).toBe(2);
});

test("what does not answer, hangs up, or speaks no SSH fails to connect, each with its reason", async () => {
  const endpoint = endpointOf(lab, lab.hosts.keys, { connectTimeoutMs: 60_000 });
  const failure = async (changes: object) => {
    await using session = openSshSession([{ ...endpoint, ...changes }]);
    return await session
      .connect()
      .catch((error: unknown) => (error instanceof OttoError ? error.details?.reason : error));
  };
  const servers = [
    createServer(() => {}),
    createServer((socket) => socket.destroy()),
    createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  ];
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return (server.address() as { port: number }).port;
    }),
  );
  expect(await failure({ port: ports[0], connectTimeoutMs: 300 })).toBe("timeout");
  expect(await failure({ port: ports[1] })).toBe("dropped");
  expect(await failure({ port: ports[2] })).toBe("handshake");
  for (const server of servers) server.close();
  expect(await failure({ port: closedPort })).toBe("refused");
  expect(await failure({ host: "no-such-host.invalid" })).toBe("unresolved");
});

test("calls of every kind that wait for a connection end with its failure", async () => {
  await using session = openSshSession([endpointOf(lab, lab.hosts.keys, { port: closedPort })]);
  const calls = [session.connect(), session.exec(["true"]), session.dialSocket("/any.sock"), session.spawn(["true"])];
  const failed = { status: "rejected", reason: { code: "SSH_CONNECT_FAILED", details: { reason: "refused" } } };
  expect(await Promise.allSettled(calls)).toMatchObject(calls.map(() => failed));
});

test("a key of a form that is not known comes with the command that changes it", async () => {
  const path = join(lab.directory, "pkcs8");
  await run("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "", "-f", path]);
  await authorize(path);
  const login = async () => {
    const credentials = [{ username: username(), privateKeys: [{ path }] }] as const;
    await using session = openSshSession([endpointOf(lab, lab.hosts.keys, { credentials, transport: "ssh2" })]);
    return (await session.exec(["whoami"])).stdout.toString().trim();
  };
  const { hint = "" } = await refusalOf(login());
  const [, command = ""] = /: (ssh-keygen .*)$/.exec(hint) ?? [];
  await run("sh", ["-c", `${command} -q -P '' -N ''`]);
  expect(await login()).toBe(username());
});

test("a server that counted too many keys is told apart from one that takes none of them", async () => {
  const names = Array.from({ length: 7 }, (_, index) => join(lab.directory, `stranger-${index}`));
  const privateKeys = await Promise.all(
    names.map(async (path) => ({ path: (await createKeyPair("ed25519", path)).privateKeyPath })),
  );
  const many = await refusalOf(whoami("keys", { username: username(), privateKeys }));
  expect(many).toMatchObject({
    message: expect.stringContaining("Too many authentication failures") as string,
    hint: expect.stringContaining("MaxAuthTries") as string,
  });
  const few = await refusalOf(whoami("keys", { username: username(), privateKeys: privateKeys.slice(0, 2) }));
  expect(few.hint).toMatch(/^Check the login name/);
});
