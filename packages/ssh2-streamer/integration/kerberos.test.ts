import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Kdc, type Lab, startKdc, startLab } from "@otto/lab";
import { openSshSession, type SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

const run = promisify(execFile);
let kdc: Kdc;
let lab: Lab<"parent">;
let password: string;

beforeAll(async () => {
  kdc = await startKdc();
  // sshd has it from this process.
  Object.assign(process.env, kdc.environment);
  const sshdConfig = ["GSSAPIAuthentication yes", "GSSAPIStrictAcceptorCheck no", "PubkeyAuthentication no"];
  lab = await startLab({ hosts: { parent: { sshdConfig } } });
  await kdc.addService("host/127.0.0.1");
  password = await kdc.addUser(lab.hosts.parent.user);
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await kdc[Symbol.asyncDispose]();
});

let caches = 0;
/** What `ssh` and sessions are given: this process names no tickets. */
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  env = {
    PATH: process.env.PATH,
    ...kdc.environment,
    KRB5CCNAME: `FILE:${join(lab.directory, `tickets-${++caches}`)}`,
  };
});

async function getTicket(name: string, password: string): Promise<void> {
  const child = spawn("kinit", [name], { env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(`${password}\n`);
  expect(await once(child, "exit")).toEqual([0, null]);
}

function plainSsh() {
  const { address, port, user } = lab.hosts.parent;
  const options = ["BatchMode=yes", "GSSAPIAuthentication=yes", `UserKnownHostsFile=${lab.knownHostsPath}`];
  const args = options.flatMap((option) => ["-o", option]);
  return run("ssh", ["-F", "none", ...args, "-p", String(port), `${user}@${address}`, "whoami"], { env });
}

/** By `auto`, with nothing but GSSAPI. @returns whom it is logged in as, and how the transport was chosen */
async function connect() {
  const { parent } = lab.hosts;
  const events: SshEvent[] = [];
  const endpoint = endpointOf(lab, parent, { credentials: [{ username: parent.user }], gssapi: true });
  await using session = openSshSession([endpoint], { env, onEvent: (event) => events.push(event) });
  const { stdout } = await session.exec(["whoami"]);
  return { user: stdout.toString(), choices: events.filter(({ type }) => type === "ssh.transport") };
}

test("a ticket lets in, by the transport that knows GSSAPI", async () => {
  await getTicket(lab.hosts.parent.user, password);
  const { stdout: user } = await plainSsh();
  expect(await connect()).toEqual({
    user,
    choices: [{ type: "ssh.transport", hop: "parent", transport: "openssh", cause: "GSSAPI" }],
  });
  expect((await lab.hosts.parent.readLog()).match(/Accepted gssapi-with-mic for /g)).toHaveLength(2);
});

test("without a ticket, the refusal says what GSSAPI lacks", async () => {
  await expect(plainSsh()).rejects.toMatchObject({ code: 255 });
  await expect(connect()).rejects.toMatchObject({
    code: "SSH_AUTH_FAILED",
    message: `logging in to parent: refused (tried GSSAPI (No Kerberos credentials available (default cache: ${env.KRB5CCNAME})); the server takes publickey, gssapi-keyex, gssapi-with-mic)`,
    hint: expect.stringContaining("kinit") as string,
  });
});

test("a ticket that this process alone names is not used", async () => {
  await getTicket(lab.hosts.parent.user, password);
  process.env.KRB5CCNAME = env.KRB5CCNAME;
  env = { ...env, KRB5CCNAME: `FILE:${join(lab.directory, "none")}` };
  try {
    await expect(connect()).rejects.toMatchObject({ code: "SSH_AUTH_FAILED" });
  } finally {
    delete process.env.KRB5CCNAME;
  }
});

test("a ticket of somebody else does not let in", async () => {
  await getTicket("somebody", await kdc.addUser("somebody"));
  await expect(plainSsh()).rejects.toMatchObject({ code: 255 });
  await expect(connect()).rejects.toMatchObject({
    code: "SSH_AUTH_FAILED",
    details: expect.objectContaining({ tried: ["GSSAPI"] }) as object,
  });
});
