import { execFile } from "node:child_process";
import { appendFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isOttoError } from "@otto/errors";
import { type KeyPair, type Lab, startLab } from "@otto/lab";
import { type HostKeyPolicy, type LearnedHostKey, openSshSession, type SshEvent } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf, routeTo } from "./lab-route.js";

const execute = promisify(execFile);
let lab: Lab<"bastion" | "parent">;

beforeAll(async () => {
  lab = await startLab({
    hosts: { bastion: {}, parent: { hop: "bastion", hostKeyTypes: ["ed25519", "ecdsa", "rsa"] } },
  });
});

afterAll(() => lab[Symbol.asyncDispose]());

async function connect(hostKey: HostKeyPolicy, onEvent?: (event: SshEvent) => void): Promise<void> {
  const route = [endpointOf(lab, lab.hosts.bastion), endpointOf(lab, lab.hosts.parent, { hostKey })] as const;
  await using session = openSshSession(route, { onEvent });
  await session.connect();
}

async function failureOf(promise: Promise<void>) {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOttoError(error)) throw new Error("an OttoError was due", { cause: error });
  return { code: error.code, details: error.details, message: error.message };
}

/** The fingerprint that ssh-keygen finds for a host. */
async function findKey(file: string, name: string): Promise<string | undefined> {
  const { stdout } = await execute("ssh-keygen", ["-l", "-F", name, "-f", file]);
  return /SHA256:\S+/.exec(stdout)?.[0];
}

type Fate = "open" | "refused" | "login";

/** What becomes, by sshd's log, of the parent's connections from now on; of one before, sshd may write still. */
async function watchParent(): Promise<() => Promise<Set<Fate>>> {
  const { length } = await lab.hosts.parent.readLog();
  return async () => {
    const log = (await lab.hosts.parent.readLog()).slice(length);
    const ports = [...log.matchAll(/^Connection from \S+ port (\d+)/gm)].map(([, port = ""]) => port);
    return new Set(ports.map((port) => fateIn(log.split("\n").filter((line) => line.includes(` port ${port}`)))));
  };
}

function fateIn(lines: readonly string[]): Fate {
  if (lines.some((line) => /Accepted|Failed|Postponed|user/.test(line))) return "login";
  return lines.some((line) => line.includes("[preauth]")) ? "refused" : "open";
}

const refused = new Set<Fate>(["refused"]);

test("a pinned key of any type the server has is trusted, another is refused before a login", async () => {
  for (const key of lab.hosts.parent.hostKeys) await connect({ pin: key.fingerprint });
  const fates = await watchParent();
  const failure = await failureOf(connect({ pin: lab.hosts.bastion.fingerprint }));
  expect(failure).toMatchObject({ code: "SSH_HOST_KEY_CHANGED", details: { hop: "parent" } });
  await expect.poll(fates).toEqual(refused);
});

test("a host with one key on record is asked for a key of that type", async () => {
  const file = join(lab.directory, "one-type");
  for (const line of lab.hosts.parent.knownHostsLines) {
    await writeFile(file, `${line}\n`);
    await expect(connect({ knownHosts: [file] })).resolves.toBeUndefined();
  }
});

test("the first key seen is recorded, told once, and held to", async () => {
  const file = join(lab.directory, "learned", "known_hosts");
  const told: LearnedHostKey[] = [];
  const events: SshEvent[] = [];
  const policy = { knownHosts: ["/nowhere"], learn: { file, onLearned: (key: LearnedHostKey) => told.push(key) } };
  await connect(policy, (event) => events.push(event));
  await connect(policy);
  expect(told).toEqual([{ hop: "parent", fingerprint: lab.hosts.parent.fingerprint, file }]);
  expect(events).toContainEqual({ type: "ssh.host-key-learned", key: told[0] });
  expect(await readFile(file, "utf8")).toBe(`${lab.hosts.parent.knownHostsLines[0]}\n`);
});

test("a key learned after a last line without an end leaves that line whole", async () => {
  const file = join(lab.directory, "unended");
  const { publicKey } = lab.hosts.bastion.hostKeys[0] as KeyPair;
  await writeFile(file, `kept.example ${publicKey}`, { mode: 0o640 });
  await connect({ knownHosts: [], learn: { file } });
  const [name = ""] = (lab.hosts.parent.knownHostsLines[0] ?? "").split(" ");
  expect([await findKey(file, "kept.example"), await findKey(file, name)]).toEqual([
    lab.hosts.bastion.fingerprint,
    lab.hosts.parent.fingerprint,
  ]);
  expect((await stat(file)).mode & 0o777).toBe(0o640);
});

test("keys learned at once are all on record", async () => {
  const file = join(lab.directory, "shared", "known_hosts");
  const { parent } = lab.hosts;
  // All of them are the loopback.
  const names = ["127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "0177.1", "localhost"];
  await Promise.all(
    names.map(async (host) => {
      await using session = openSshSession([
        endpointOf(lab, parent, { host, hostKey: { knownHosts: [], learn: { file } } }),
      ]);
      await session.connect();
    }),
  );
  const found = await Promise.all(names.map((host) => findKey(file, `[${host}]:${parent.port}`)));
  expect(found).toEqual(names.map(() => parent.fingerprint));
  expect((await readFile(file, "utf8")).split("\n")).toHaveLength(names.length + 1);
});

test("a key that finds no room leaves the file as it was", async () => {
  const directory = join(lab.directory, "full");
  await mkdir(directory);
  await execute("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", directory]);
  try {
    const file = join(directory, "known_hosts");
    const before = `# ${"x".repeat(4050)}`;
    await writeFile(file, before);
    const failure = await failureOf(connect({ knownHosts: [], learn: { file } }));
    expect(failure).toMatchObject({ code: "SSH_KNOWN_HOSTS_UNWRITABLE", details: { file } });
    expect(await readFile(file, "utf8")).toBe(before);
  } finally {
    await execute("umount", [directory]);
  }
});

test("a key that nobody knows is refused where none may be learned", async () => {
  const failure = await failureOf(connect({ knownHosts: [] }));
  expect(failure).toMatchObject({
    code: "SSH_HOST_KEY_UNKNOWN",
    details: { hop: "parent", seen: lab.hosts.parent.fingerprint },
  });
});

test("a changed key is refused before a login, naming hop, file and line, and both fingerprints", async () => {
  const file = join(lab.directory, "changed");
  const [name] = (lab.hosts.parent.knownHostsLines[0] ?? "").split(" ");
  const other = lab.hosts.bastion.hostKeys[0];
  await writeFile(file, `# kept by hand\n${name} ${other?.publicKey}\n`);
  const fates = await watchParent();
  const learn = { file: join(lab.directory, "not-learned") };
  const failure = await failureOf(connect({ knownHosts: [file], learn }));
  expect(failure).toMatchObject({
    code: "SSH_HOST_KEY_CHANGED",
    details: { hop: "parent", file, line: 2, seen: lab.hosts.parent.fingerprint, known: other?.fingerprint },
  });
  for (const part of ["parent", `${file}:2`, lab.hosts.parent.fingerprint, other?.fingerprint]) {
    expect(failure.message).toContain(part);
  }
  await expect.poll(fates).toEqual(refused);
  await expect(readFile(learn.file)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a revoked key is refused though it is on record", async () => {
  const file = join(lab.directory, "revoked");
  await writeFile(file, `${lab.hosts.parent.knownHostsLines.join("\n")}\n`);
  await appendFile(file, `@revoked * ${lab.hosts.parent.hostKeys[0]?.publicKey}\n`);
  const failure = await failureOf(connect({ knownHosts: [file] }));
  expect(failure).toMatchObject({ code: "SSH_HOST_KEY_REVOKED", details: { hop: "parent", file, line: 4 } });
});

test("a bastion's changed key is the bastion's", async () => {
  const route = routeTo(lab, "parent", { hostKey: { pin: lab.hosts.parent.fingerprint } });
  await using session = openSshSession(route);
  const failure = await failureOf(session.connect());
  expect(failure).toMatchObject({ code: "SSH_HOST_KEY_CHANGED", details: { hop: "bastion" } });
});

test("a line without the port does not trust a host whose own line differs, as ssh does not", async () => {
  const { parent, bastion } = lab.hosts;
  const file = join(lab.directory, "portless");
  const [key = ""] = parent.hostKeys.map(({ publicKey }) => publicKey);
  const portless = `${parent.address} ${key}\n`;
  const own = `[${parent.address}]:${parent.port} ${bastion.hostKeys[0]?.publicKey}\n`;
  await writeFile(file, portless);
  await expect(connect({ knownHosts: [file] })).resolves.toBeUndefined();
  expect(await sshVerdict(file)).toBe("trusted");
  await writeFile(file, `${portless}${own}`);
  const failure = await failureOf(connect({ knownHosts: [file], learn: { file } }));
  expect(failure).toMatchObject({ code: "SSH_HOST_KEY_CHANGED", details: { hop: "parent", file, line: 2 } });
  expect(await sshVerdict(file)).toBe("refused");
});

test("a host with an alias is known by it alone, in whichever file, and recorded by it", async () => {
  const { parent } = lab.hosts;
  const [user, global] = [join(lab.directory, "alias-user"), join(lab.directory, "alias-global")];
  await writeFile(user, "");
  await writeFile(global, `rack-7 ${parent.hostKeys[0]?.publicKey}\n`);
  const session = (hostKeyAlias: string, hostKey: HostKeyPolicy) =>
    openSshSession([endpointOf(lab, parent, { hostKeyAlias, hostKey })]);
  const both = { knownHosts: [user, global] };
  {
    await using known = session("Rack-7", both);
    await known.connect();
  }
  expect(await sshVerdict(global, "HostKeyAlias=Rack-7")).toBe("trusted");
  {
    await using unknown = session("rack-8", both);
    await expect(unknown.connect()).rejects.toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN" });
  }
  await using learned = session("rack-8", { ...both, learn: { file: user } });
  await learned.connect();
  expect(await readFile(user, "utf8")).toBe(`rack-8 ${parent.hostKeys[0]?.publicKey}\n`);
});

test("ssh2 does not dial a host that a certificate authority alone is on record for, nor record its first key", async () => {
  const { parent, bastion } = lab.hosts;
  const file = join(lab.directory, "authority");
  const text = `@cert-authority * ${bastion.hostKeys[0]?.publicKey}\n`;
  await writeFile(file, text);
  const before = await parent.handshakes();
  const endpoint = endpointOf(lab, parent, { transport: "ssh2", hostKey: { knownHosts: [file], learn: { file } } });
  await using session = openSshSession([endpoint]);
  await expect(session.connect()).rejects.toMatchObject({
    code: "SSH_HOST_KEY_UNKNOWN",
    message: expect.stringContaining(`the certificate authority of ${file}:1 alone`) as string,
    hint: expect.stringContaining("ssh_options.transport") as string,
  });
  expect([await parent.handshakes(), await readFile(file, "utf8")]).toEqual([before, text]);
});

/** What OpenSSH's client makes of the parent's key with this file. */
async function sshVerdict(file: string, ...options: readonly string[]): Promise<"trusted" | "refused"> {
  const { parent } = lab.hosts;
  const all = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${file}`,
    "GlobalKnownHostsFile=none",
    ...options,
  ];
  const argv = [
    ...all.flatMap((it) => ["-o", it]),
    "-i",
    lab.privateKeyPath,
    "-p",
    `${parent.port}`,
    `${parent.user}@${parent.address}`,
  ];
  return execute("ssh", ["-F", "none", ...argv, "true"]).then(
    () => "trusted",
    () => "refused",
  );
}
