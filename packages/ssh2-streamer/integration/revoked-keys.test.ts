import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isOttoError } from "@otto/errors";
import { createKeyPair, type KeyPair, type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshEndpoint } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

// `RevokedHostKeys` of OpenSSH's configuration: a list of keys, or a key revocation list.

const run = promisify(execFile);
let lab: Lab<"parent" | "certified">;
let authority: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { server: "openssh" }, certified: { server: "openssh" } } });
  [authority, stranger] = await Promise.all([
    createKeyPair("ed25519", join(lab.directory, "authority")),
    createKeyPair("ed25519", join(lab.directory, "stranger")),
  ]);
  const path = pathOf("certified");
  const signing = ["-q", "-s", authority.privateKeyPath, "-I", "certified", "-z", "7", "-h", "-n", "127.0.0.1"];
  await run("ssh-keygen", [...signing, `${path}.pub`]);
  await lab.hosts.certified.start({ options: { sshdConfig: [`HostCertificate ${path}-cert.pub`] } });
});

afterAll(() => lab[Symbol.asyncDispose]());

type Name = keyof typeof lab.hosts;

function pathOf(name: Name): string {
  return lab.hosts[name].hostKeys[0]?.privateKeyPath ?? "";
}

let lists = 0;
/** A key revocation list of these words of ssh-keygen's. */
async function createKrl(...words: readonly string[]): Promise<string> {
  const path = join(lab.directory, `krl-${++lists}`);
  await run("ssh-keygen", ["-q", "-k", "-f", path, ...words]);
  return path;
}

/** One that revokes serials of certificates of the authority. */
async function createSerialKrl(serials: string): Promise<string> {
  const specification = join(lab.directory, `specification-${++lists}`);
  await writeFile(specification, `serial: ${serials}\n`);
  return createKrl("-s", `${authority.privateKeyPath}.pub`, specification);
}

async function createList(...keys: readonly string[]): Promise<string> {
  const path = join(lab.directory, `list-${++lists}`);
  await writeFile(path, keys.map((key) => `${key}\n`).join(""));
  return path;
}

/** What `ssh` and a session make of a host: `trusted`, or `refused` and the error's code. */
async function judge(name: Name, file: string, transport: SshEndpoint["transport"] = "auto") {
  const host = lab.hosts[name];
  const knownHosts =
    name === "parent" ? lab.knownHostsPath : await createList(`@cert-authority * ${authority.publicKey}`);
  const options = ["BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none"];
  const given = [...options, `UserKnownHostsFile=${knownHosts}`, `RevokedHostKeys=${file}`];
  const words = ["-F", "none", ...given.flatMap((it) => ["-o", it]), "-i", lab.privateKeyPath, "-p", `${host.port}`];
  const ssh = await run("ssh", [...words, `${host.user}@${host.address}`, "true"]).then(
    () => "trusted",
    () => "refused",
  );
  const endpoint = endpointOf(lab, host, { hostKey: { knownHosts: [knownHosts] }, revokedHostKeys: [file], transport });
  await using session = openSshSession([endpoint]);
  const otto = await session.connect().then(
    () => "trusted",
    (error: unknown) => (isOttoError(error) ? error.code : String(error)),
  );
  return { ssh, otto };
}

test.concurrent.each<[string, Name, () => Promise<string>]>([
  ["another key in a list", "parent", () => createList(stranger.publicKey)],
  ["another key in a KRL", "parent", () => createKrl(`${stranger.privateKeyPath}.pub`)],
  ["another certificate in a KRL", "certified", () => createSerialKrl("8-9")],
])("a host is trusted beside %s, as by ssh", async (_, name, create) => {
  expect(await judge(name, await create())).toEqual({ ssh: "trusted", otto: "trusted" });
});

const revoked = "SSH_HOST_KEY_REVOKED";
test.concurrent.each<[string, string, Name, () => Promise<string>]>([
  ["its key in a list", revoked, "parent", async () => createList(await readFile(`${pathOf("parent")}.pub`, "utf8"))],
  ["its key in a KRL", revoked, "parent", () => createKrl(`${pathOf("parent")}.pub`)],
  ["its certificate in a KRL", revoked, "certified", () => createKrl(`${pathOf("certified")}-cert.pub`)],
  ["the serial of its certificate in a KRL", revoked, "certified", () => createSerialKrl("5-7")],
  ["its authority in a KRL", revoked, "certified", () => createKrl(`${authority.privateKeyPath}.pub`)],
  ["no file there", "SSH_KNOWN_HOSTS_UNREADABLE", "parent", async () => join(lab.directory, "absent")],
  ["a file that is no list", "SSH_KNOWN_HOSTS_UNREADABLE", "parent", () => createList("no key")],
])("a host is refused with %s, as by ssh: %s", async (_, code, name, create) => {
  expect(await judge(name, await create())).toEqual({ ssh: "refused", otto: code });
});

test("a transport that does not read the list refuses every host", async () => {
  expect(await judge("parent", await createList(stranger.publicKey), "ssh2")).toEqual({
    ssh: "trusted",
    otto: "SSH_HOST_KEY_UNKNOWN",
  });
});
