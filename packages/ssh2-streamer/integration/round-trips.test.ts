import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Secret } from "@otto/errors";
import { createKeyPair, type KeyType, type Lab, type LabProxy, startLab } from "@otto/lab";
import { openSshSession, type SshCredential, type SshRoute } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

const run = promisify(execFile);

// The longer the delay, the surer are requests that are sent together seen to be so on a busy machine.
const proxy = { delayMs: 100 };
let lab: Lab<"server" | "bastion" | "inner" | "password">;
beforeAll(async () => {
  const hosts = { server: { proxy }, bastion: { proxy }, inner: { hop: "bastion" } } as const;
  const password = { proxy, authentication: ["password"] } as const;
  lab = await startLab({ hosts: { ...hosts, password } });
});
afterAll(() => lab[Symbol.asyncDispose]());

/** How many round trips a login takes, and how many a command after it. */
async function count(route: SshRoute, { proxy }: { readonly proxy: LabProxy | undefined }) {
  if (proxy === undefined) throw new TypeError("no proxy counts");
  await using session = openSshSession(route);
  const start = proxy.roundTrips;
  await session.connect();
  const login = proxy.roundTrips - start;
  await session.exec(["true"]);
  return { login, command: proxy.roundTrips - start - login };
}

const toServer = (credential: SshCredential): SshRoute => [
  endpointOf(lab, lab.hosts.server, { transport: "ssh2", credentials: [credential] }),
];

test.each<KeyType>(["ed25519", "ecdsa", "rsa"])("a login by a file's %s key takes three round trips", async (type) => {
  const { privateKeyPath } = await createKeyPair(type, join(lab.directory, type));
  await appendFile(`${lab.privateKeyPath}.pub`, `${await readFile(`${privateKeyPath}.pub`, "utf8")}\n`);
  const { user: username } = lab.hosts.server;
  const credential = { username, privateKeys: [{ path: privateKeyPath }] };
  // Keys of the transport, its exchange, and the request for the service with the signature.
  expect(await count(toServer(credential), lab.hosts.server)).toEqual({ login: 3, command: 2 });
});

test("a key that the server does not take costs one more", async () => {
  const { privateKeyPath } = await createKeyPair("ed25519", join(lab.directory, "stranger"));
  const privateKeys = [{ path: privateKeyPath }, { path: lab.privateKeyPath }];
  const { user: username } = lab.hosts.server;
  expect(await count(toServer({ username, privateKeys }), lab.hosts.server)).toEqual({ login: 4, command: 2 });
});

test("a key of an agent and one with a passphrase that is to be asked for are offered before they sign", async () => {
  const agent = join(lab.directory, "agent.sock");
  const process = spawn("ssh-agent", ["-D", "-a", agent], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(process.stdout, "data");
    await run("ssh-add", ["-q", lab.privateKeyPath], { env: { ...globalThis.process.env, SSH_AUTH_SOCK: agent } });
    const { user: username } = lab.hosts.server;
    expect(await count(toServer({ username, agent }), lab.hosts.server)).toEqual({ login: 4, command: 2 });
    const locked = await createKeyPair("ed25519", join(lab.directory, "locked"), "open sesame");
    await appendFile(`${lab.privateKeyPath}.pub`, `${await readFile(`${locked.privateKeyPath}.pub`, "utf8")}\n`);
    const privateKeys = [{ path: locked.privateKeyPath, passphrase: async () => new Secret("open sesame") }];
    expect(await count(toServer({ username, privateKeys }), lab.hosts.server)).toEqual({ login: 4, command: 2 });
  } finally {
    process.kill();
  }
});

test("a login by a password takes four: the server is asked what it takes before it is told", async () => {
  const { password } = lab.hosts;
  const route: SshRoute = [endpointOf(lab, password, { transport: "ssh2" })];
  const [{ credentials }] = route;
  const [{ username, password: secret }] = credentials;
  const byPassword: SshRoute = [{ ...route[0], credentials: [{ username, password: secret }] }];
  expect(await count(byPassword, password)).toEqual({ login: 4, command: 2 });
});

test("behind a bastion a login takes as many again, and one for the way there", async () => {
  const { bastion, inner } = lab.hosts;
  const route: SshRoute = [
    endpointOf(lab, bastion, { transport: "ssh2" }),
    endpointOf(lab, inner, { transport: "ssh2" }),
  ];
  expect(await count(route, bastion)).toEqual({ login: 3 + 1 + 3, command: 2 });
});
