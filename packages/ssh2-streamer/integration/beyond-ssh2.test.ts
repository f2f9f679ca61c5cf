import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Secret } from "@otto/errors";
import { createKeyPair, type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshCredential, type SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

// Each of these machines is one that plain `ssh` gets in to and ssh2 does not.

const run = promisify(execFile);
/** OpenSSH's own FIDO2 key in software, of Debian's openssh-tests. */
const securityKeyProvider = "/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so";
const environment = { ...process.env, SSH_SK_PROVIDER: securityKeyProvider };

type Name = "newest" | "certified" | "plain" | "vouched" | "asking";
let lab: Lab<Name>;
let directory: string;
const agents: (() => Promise<void>)[] = [];

beforeAll(async () => {
  directory = await mkdtemp("/tmp/otto-beyond-");
  await createKeyPair("ed25519", join(directory, "ca"));
  lab = await startLab({
    hosts: {
      newest: { sshdConfig: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] },
      certified: { sshdConfig: [`TrustedUserCAKeys ${join(directory, "ca.pub")}`] },
      plain: {},
      vouched: {},
      asking: { authentication: ["publickey", "password"] },
    },
  });
});

afterAll(async () => {
  for (const end of agents) await end();
  await lab[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** What `ssh` and a session say of the login; a session without `ssh` in PATH; how the choice was explained. */
async function logIn(name: Name, means: Omit<SshCredential, "username">, configFile = "none") {
  const host = lab.hosts[name];
  const credential: SshCredential = { username: host.user, ...means };
  const keys = (means.privateKeys ?? []).flatMap((key) => ("path" in key ? ["-i", key.path] : []));
  const certificates = (means.certificates ?? []).flatMap((path) => ["-o", `CertificateFile=${path}`]);
  const options = ["-F", configFile, "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`];
  const agent = [
    "-o",
    `IdentityAgent=${means.agent ?? "none"}`,
    ...(means.agent === undefined ? [] : ["-o", "IdentityFile=none"]),
  ];
  const target = ["-p", String(host.port), `${host.user}@${host.address}`, "whoami"];
  const plain = await run("ssh", [...options, ...agent, ...keys, ...certificates, ...target], { env: environment });
  const events: SshEvent[] = [];
  const endpoint = endpointOf(lab, host, { credentials: [credential], configFile });
  await using session = openSshSession([endpoint], { onEvent: (event) => events.push(event) });
  const { stdout } = await session.exec(["whoami"]);
  return {
    ssh: plain.stdout.trim(),
    otto: stdout.toString().trim(),
    choices: events.flatMap((event) => (event.type === "ssh.transport" ? [`${event.transport}: ${event.cause}`] : [])),
    without: await refusalWithoutSsh(endpoint),
  };
}

/** By a process of its own, whose PATH has no `ssh`. */
async function refusalWithoutSsh(endpoint: object): Promise<string> {
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const session = openSshSession([JSON.parse(process.argv[1])], { env: process.env });
    await session.connect().then(() => console.log("it got in"), ({ code, message }) => console.log(code, message));
    await session.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify(endpoint)], {
    cwd: import.meta.dirname,
    env: { PATH: join(directory, "nothing") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, "close");
  return said.trim();
}

async function startAgent(...keyPaths: readonly string[]): Promise<string> {
  const agent = join(await mkdtemp(join(directory, "agent-")), "sock");
  const child = spawn("ssh-agent", ["-D", "-a", agent, "-P", securityKeyProvider], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  agents.push(async () => {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
  await once(child.stdout, "data");
  await run("ssh-add", ["-q", ...keyPaths], { env: { ...environment, SSH_AUTH_SOCK: agent } });
  return agent;
}

async function createCertifiedKey(name: string): Promise<string> {
  const { privateKeyPath } = await createKeyPair("ed25519", join(directory, name));
  const { user } = lab.hosts.certified;
  await run("ssh-keygen", ["-q", "-s", join(directory, "ca"), "-I", name, "-n", user, `${privateKeyPath}.pub`]);
  return privateKeyPath;
}

/** sshd 9.2 asks for a touch by default, which this key answers by itself. */
async function createSecurityKey(name: string): Promise<string> {
  const path = join(directory, name);
  await run("ssh-keygen", ["-q", "-t", "ed25519-sk", "-N", "", "-w", securityKeyProvider, "-f", path], {
    env: environment,
  });
  return path;
}

async function createAuthorizedSecurityKey(name: string): Promise<string> {
  const path = await createSecurityKey(name);
  await appendFile(`${lab.privateKeyPath}.pub`, await readFile(`${path}.pub`, "utf8"));
  return path;
}

test("a server that has the newest key exchange alone", async () => {
  const { ssh, otto, choices, without } = await logIn("newest", { privateKeys: [{ path: lab.privateKeyPath }] });
  expect(otto).toBe(ssh);
  expect(choices).toEqual([
    "ssh2: it does what is asked for",
    expect.stringMatching(/^openssh: the server's algorithms \(.*no matching key exchange algorithm/) as string,
  ]);
  expect(without).toMatch(
    /^SSH_TRANSPORT_UNAVAILABLE .*there is no ssh in PATH; it is needed for the server's algorithms/,
  );
});

test("a key with a certificate beside it", async () => {
  const path = await createCertifiedKey("beside");
  const { ssh, otto, choices, without } = await logIn("certified", { privateKeys: [{ path }] });
  expect(otto).toBe(ssh);
  expect(choices).toEqual([`openssh: the certificate ${path}-cert.pub`]);
  expect(without).toMatch(
    `SSH_TRANSPORT_UNAVAILABLE connecting to certified by OpenSSH's client: there is no ssh in PATH; it is needed for the certificate ${path}-cert.pub`,
  );
});

test("a certificate that is named, elsewhere than its key", async () => {
  const path = await createCertifiedKey("named");
  const certificate = join(directory, "elsewhere.pub");
  await writeFile(certificate, await readFile(`${path}-cert.pub`));
  await rm(`${path}-cert.pub`);
  const { ssh, otto, choices } = await logIn("certified", { privateKeys: [{ path }], certificates: [certificate] });
  expect(otto).toBe(ssh);
  expect(choices).toEqual([`openssh: the certificate ${certificate}`]);
});

test("a certificate in the agent", async () => {
  const agent = await startAgent(await createCertifiedKey("in-agent"));
  const { ssh, otto, choices, without } = await logIn("certified", { agent });
  expect(otto).toBe(ssh);
  expect(choices).toEqual(["openssh: the certificate in the agent (ssh-ed25519-cert-v01@openssh.com)"]);
  expect(without).toContain("it is needed for the certificate in the agent");
});

test("a security key in a file", async () => {
  const path = await createAuthorizedSecurityKey("sk-file");
  // What a machine with a key on USB needs no word for.
  const configFile = join(directory, "sk-config");
  await writeFile(configFile, `SecurityKeyProvider ${securityKeyProvider}\n`);
  const { ssh, otto, choices, without } = await logIn("plain", { privateKeys: [{ path }] }, configFile);
  expect(otto).toBe(ssh);
  expect(choices).toEqual([`openssh: the security key ${path}`]);
  expect(without).toContain(`it is needed for the security key ${path}`);
});

test("a security key in the agent", async () => {
  const agent = await startAgent(await createAuthorizedSecurityKey("sk-agent"));
  const { ssh, otto, choices, without } = await logIn("plain", { agent });
  expect(otto).toBe(ssh);
  expect(choices).toEqual(["openssh: the security key in the agent (sk-ssh-ed25519@openssh.com)"]);
  expect(without).toContain("it is needed for the security key in the agent");
});

test("a key in PKCS #8", async () => {
  const path = join(directory, "pkcs8");
  await run("ssh-keygen", ["-q", "-t", "rsa", "-m", "PKCS8", "-N", "", "-f", path]);
  await appendFile(`${lab.privateKeyPath}.pub`, await readFile(`${path}.pub`, "utf8"));
  const { ssh, otto, choices } = await logIn("plain", { privateKeys: [{ path }] });
  expect(otto).toBe(ssh);
  expect(choices).toEqual([`openssh: the form of the key ${path}`]);
});

test("a host that is known by its certificate alone, of which nothing is recorded", async () => {
  const host = lab.hosts.vouched;
  const [hostKey] = host.hostKeys;
  if (hostKey === undefined) throw new TypeError("a host has a key");
  const signing = ["-s", join(directory, "ca"), "-I", "vouched", "-h", "-n", host.address];
  await run("ssh-keygen", ["-q", ...signing, `${hostKey.privateKeyPath}.pub`]);
  await host.stop();
  await host.start({ options: { sshdConfig: [`HostCertificate ${hostKey.privateKeyPath}-cert.pub`] } });
  const file = join(directory, "authorities");
  const text = `@cert-authority * ${await readFile(join(directory, "ca.pub"), "utf8")}`;
  await writeFile(file, text);
  const events: SshEvent[] = [];
  const endpoint = endpointOf(lab, host, { hostKey: { knownHosts: [file], learn: { file } } });
  await using session = openSshSession([endpoint], { onEvent: (event) => events.push(event) });
  expect((await session.exec(["echo", "in"])).stdout.toString()).toBe("in\n");
  expect(events.map(({ type }) => type)).toEqual([
    "ssh.transport",
    "ssh.host-key-trusted",
    "ssh.connected",
    "ssh.opened",
  ]);
  expect(await readFile(file, "utf8")).toBe(text);
  expect(await refusalWithoutSsh(endpoint)).toContain(
    `it is needed for the host's certificate (of the authority of ${file}:1)`,
  );
});

test("a security key beside a plain key that the server does not take", async () => {
  const { privateKeyPath } = await createKeyPair("ed25519", join(directory, "refused"));
  const path = await createAuthorizedSecurityKey("sk-beside");
  const configFile = join(directory, "sk-config");
  await writeFile(configFile, `SecurityKeyProvider ${securityKeyProvider}\n`);
  const { ssh, otto } = await logIn("plain", { privateKeys: [{ path: privateKeyPath }, { path }] }, configFile);
  expect(otto).toBe(ssh);
});

test("with a security key among an agent's keys, a vault and a person are asked once, and one password is sent", async () => {
  const { asking } = lab.hosts;
  const plain = await createKeyPair("ed25519", join(directory, "stranger"));
  const agent = await startAgent(plain.privateKeyPath, await createSecurityKey("sk-stranger"));
  const asked: string[] = [];
  const password = async () => {
    asked.push("vault");
    return new Secret("wrong");
  };
  const endpoint = endpointOf(lab, asking, { credentials: [{ username: asking.user, agent, password }] });
  await using session = openSshSession([endpoint], {
    onPrompt: async ({ kind }) => {
      asked.push(kind);
      return undefined;
    },
  });
  await expect(session.connect()).rejects.toMatchObject({ code: "SSH_AUTH_FAILED" });
  expect(asked).toEqual(["vault", "password"]);
  expect((await asking.readLog()).match(/Failed password/g)).toHaveLength(1);
});
