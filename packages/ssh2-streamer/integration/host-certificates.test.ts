import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isOttoError } from "@otto/errors";
import { createKeyPair, type KeyPair, type Lab, startLab } from "@otto/lab";
import { openSshSession } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

const run = promisify(execFile);
let lab: Lab<"parent" | "expired" | "misnamed">;
let authority: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {}, expired: {}, misnamed: {} } });
  [authority, stranger] = await Promise.all([
    createKeyPair("ed25519", join(lab.directory, "authority")),
    createKeyPair("ed25519", join(lab.directory, "stranger")),
  ]);
  await certify("parent", "-n", "127.0.0.1");
  await certify("expired", "-n", "127.0.0.1", "-V", "20200101:20210101");
  await certify("misnamed", "-n", "elsewhere.example");
});

afterAll(() => lab[Symbol.asyncDispose]());

type Name = keyof typeof lab.hosts;

/** Gives a host a certificate of the authority. */
async function certify(name: Name, ...options: readonly string[]): Promise<void> {
  const host = lab.hosts[name];
  const path = host.hostKeys[0]?.privateKeyPath ?? "";
  await run("ssh-keygen", ["-q", "-s", authority.privateKeyPath, "-I", name, "-h", ...options, `${path}.pub`]);
  await host.start({ options: { sshdConfig: [`HostCertificate ${path}-cert.pub`] } });
}

/** What `ssh` and a session make of a host with these lines: `trusted`, or `refused`, and the error's code. */
async function judge(name: Name, lines: readonly string[]) {
  const host = lab.hosts[name];
  const file = join(lab.directory, `known-${name}`);
  await writeFile(file, lines.map((line) => `${line}\n`).join(""));
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${file}`,
    "GlobalKnownHostsFile=none",
  ];
  const words = ["-F", "none", ...options.flatMap((it) => ["-o", it]), "-i", lab.privateKeyPath, "-p", `${host.port}`];
  const ssh = await run("ssh", [...words, `${host.user}@${host.address}`, "true"]).then(
    () => "trusted",
    () => "refused",
  );
  await using session = openSshSession([endpointOf(lab, host, { hostKey: { knownHosts: [file] } })]);
  const otto = await session.connect().then(
    () => "trusted",
    (error: unknown) => (isOttoError(error) ? error.code : String(error)),
  );
  return { ssh, otto };
}

const hostKey = (name: Name) => lab.hosts[name].hostKeys[0]?.publicKey ?? "";
const ported = (name: Name) => `[127.0.0.1]:${lab.hosts[name].port}`;

test.each<[string, Name, () => readonly string[]]>([
  ["its authority by a pattern", "parent", () => [`@cert-authority * ${authority.publicKey}`]],
  ["its authority by its name", "parent", () => [`@cert-authority ${ported("parent")} ${authority.publicKey}`]],
  ["its authority by its name without the port", "parent", () => [`@cert-authority 127.0.0.1 ${authority.publicKey}`]],
  [
    "its own key beside another authority",
    "parent",
    () => [`@cert-authority * ${stranger.publicKey}`, `${ported("parent")} ${hostKey("parent")}`],
  ],
  [
    "its authority, where its key was another one",
    "parent",
    () => [`@cert-authority * ${authority.publicKey}`, `${ported("parent")} ${stranger.publicKey}`],
  ],
])("a host is trusted by %s, as for ssh", async (_, name, lines) => {
  expect(await judge(name, lines())).toEqual({ ssh: "trusted", otto: "trusted" });
});

test.each<[string, string, Name, () => readonly string[]]>([
  ["another authority", "SSH_HOST_KEY_UNKNOWN", "parent", () => [`@cert-authority * ${stranger.publicKey}`]],
  [
    "an authority of other hosts",
    "SSH_HOST_KEY_UNKNOWN",
    "parent",
    () => [`@cert-authority *.example ${authority.publicKey}`],
  ],
  [
    "a certificate that has expired",
    "SSH_HOST_KEY_UNKNOWN",
    "expired",
    () => [`@cert-authority * ${authority.publicKey}`],
  ],
  [
    "a certificate of another name",
    "SSH_HOST_KEY_UNKNOWN",
    "misnamed",
    () => [`@cert-authority * ${authority.publicKey}`],
  ],
  [
    "a revoked key",
    "SSH_HOST_KEY_REVOKED",
    "parent",
    () => [`@cert-authority * ${authority.publicKey}`, `@revoked * ${hostKey("parent")}`],
  ],
  [
    "a revoked authority",
    "SSH_HOST_KEY_REVOKED",
    "parent",
    () => [`@cert-authority * ${authority.publicKey}`, `@revoked * ${authority.publicKey}`],
  ],
])("a host is refused with %s, as by ssh: %s", async (_, code, name, lines) => {
  expect(await judge(name, lines())).toEqual({ ssh: "refused", otto: code });
});
