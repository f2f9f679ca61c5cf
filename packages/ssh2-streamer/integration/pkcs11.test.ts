import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshEndpoint, type SshEvent, type SshPrompt } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

// A smart card in software, Debian's softhsm2, as OpenSSH's own tests use it.

const run = promisify(execFile);
// By its own path, which ssh-agent compares.
const provider = realpathSync("/usr/lib/softhsm/libsofthsm2.so");
const label = "Ada's card";
const pin = "482913";
let lab: Lab<"parent">;
let env: NodeJS.ProcessEnv;
let startedAgent: Promise<string> | undefined;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { server: "openssh" } } });
  const tokens = join(lab.directory, "tokens");
  await mkdir(tokens);
  const configuration = join(lab.directory, "softhsm2.conf");
  await writeFile(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  env = { PATH: process.env.PATH, SOFTHSM2_CONF: configuration };
  await softhsm("--init-token", "--free", "--label", label, "--so-pin", "12345678");
  await Promise.all([addKey("01", ["rsa:2048"]), addKey("02", ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])]);
  const { stdout: keys } = await run("ssh-keygen", ["-D", provider], { env });
  await appendFile(`${lab.privateKeyPath}.pub`, keys);
});

afterAll(async () => {
  for (const end of endings) await end();
  await lab[Symbol.asyncDispose]();
});

function softhsm(...words: readonly string[]) {
  return run("softhsm2-util", [...words, "--pin", pin], { env });
}

async function addKey(id: string, algorithm: readonly string[]): Promise<void> {
  const path = join(lab.directory, `key-${id}`);
  const [name = "", ...more] = algorithm;
  const [type, bits] = name.split(":");
  const size = bits === undefined ? [] : ["-pkeyopt", `rsa_keygen_bits:${bits}`];
  await run("openssl", ["genpkey", "-algorithm", type ?? "", ...size, ...more, "-out", path]);
  await softhsm("--import", path, "--token", label, "--label", id, "--id", id);
}

/** An agent that has the keys of the token. */
async function startAgent(): Promise<string> {
  const path = join(lab.directory, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", path, "-P", provider], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  endings.push(async () => {
    child.kill();
    await ended;
  });
  await once(child.stdout, "data");
  const askpass = join(lab.directory, "askpass");
  await writeFile(askpass, `#!/bin/sh\necho ${pin}\n`, { mode: 0o700 });
  const asking = { ...env, SSH_AUTH_SOCK: path, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" };
  await run("ssh-add", ["-q", "-s", provider], { env: asking });
  return path;
}

/** Logs in with what the endpoint has; `answers` are those of a person. */
async function logIn(changes: Partial<SshEndpoint>, answers: readonly string[] = []) {
  const { parent } = lab.hosts;
  const asked: SshPrompt[] = [];
  const choices: string[] = [];
  const onEvent = (event: SshEvent) => {
    if (event.type === "ssh.transport") choices.push(`${event.transport}: ${event.cause}`);
  };
  const onPrompt = async (prompt: SshPrompt) => {
    const answer = answers[asked.push(prompt) - 1];
    return answer === undefined ? undefined : [answer];
  };
  const endpoint = endpointOf(lab, parent, { credentials: [{ username: parent.user }], ...changes });
  await using session = openSshSession([endpoint], { env, onEvent, onPrompt });
  const said = await session.exec(["whoami"]).then(
    ({ stdout }) => stdout.toString().trim(),
    ({ code, message }) => `${code} ${message}`,
  );
  return { said, choices, asked };
}

test("a key of a token lets in, after its PIN was asked for", async () => {
  const { said, choices, asked } = await logIn({ pkcs11Provider: provider }, [pin]);
  expect([said, choices]).toEqual([lab.hosts.parent.user, [`openssh: the PKCS #11 provider ${provider}`]]);
  expect(asked).toMatchObject([
    { kind: "pin", host: "parent", attempt: 1, questions: [{ text: `PIN of the token ${label}: `, echo: false }] },
  ]);
});

test("a wrong PIN and none at all are refusals that do not show it", async () => {
  const wrong = await logIn({ pkcs11Provider: provider }, ["000111"]);
  expect(wrong.said).toMatch(/^SSH_AUTH_FAILED /);
  expect(wrong.said).not.toContain("000111");
  const none = await logIn({ pkcs11Provider: provider });
  expect(none.said).toContain(`nobody answered "PIN of the token ${label}:"`);
});

test("without its PIN, a token is passed over for a key in a file, as by ssh", async () => {
  const { parent } = lab.hosts;
  const privateKeys = [{ path: lab.privateKeyPath }];
  const credentials = [{ username: parent.user, privateKeys }] as const;
  const { said, asked } = await logIn({ pkcs11Provider: provider, credentials });
  // Once for each key.
  expect([said, asked.map(({ attempt }) => attempt)]).toEqual([parent.user, [1, 2]]);
});

test.each(["ssh2", "openssh"] as const)("an agent signs with the keys of a token, by %s", async (transport) => {
  startedAgent ??= startAgent();
  const agent = await startedAgent;
  const { parent } = lab.hosts;
  const { said } = await logIn({ transport, credentials: [{ username: parent.user, agent }] });
  expect(said).toBe(parent.user);
  const log = await parent.readLog();
  expect(log.split("\n").findLast((line) => line.includes("Accepted publickey"))).toMatch(/ (RSA|ECDSA) SHA256:/);
});

test("a library that is not there is passed over, and named", async () => {
  const absent = join(lab.directory, "absent.so");
  const { said } = await logIn({ pkcs11Provider: absent });
  expect(said).toContain(absent);
  expect(await readFile(`${lab.privateKeyPath}.pub`, "utf8")).toContain("ssh-rsa");
});
