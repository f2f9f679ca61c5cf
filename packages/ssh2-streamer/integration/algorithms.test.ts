import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshAlgorithms } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

let lab: Lab<"parent" | "old">;

beforeAll(async () => {
  const sshdConfig = ["KexAlgorithms ecdh-sha2-nistp256", "Ciphers aes256-ctr", "MACs hmac-sha2-512"];
  lab = await startLab({
    hosts: { parent: { sshdConfig }, old: { hostKeyTypes: ["rsa"], sshdConfig: ["HostKeyAlgorithms ssh-rsa"] } },
  });
});

afterAll(() => lab[Symbol.asyncDispose]());

const options: Readonly<Record<keyof SshAlgorithms, string>> = {
  kex: "KexAlgorithms",
  ciphers: "Ciphers",
  macs: "MACs",
  hostKeys: "HostKeyAlgorithms",
  publicKeys: "PubkeyAcceptedAlgorithms",
};

/** What `ssh` and a session by each transport make of a host with these lists. */
async function connect(name: "parent" | "old", algorithms: SshAlgorithms) {
  const host = lab.hosts[name];
  const lists = Object.entries(algorithms).map(([kind, list]) => `${options[kind as keyof SshAlgorithms]}=${list}`);
  const all = ["BatchMode=yes", `UserKnownHostsFile=${lab.knownHostsPath}`, ...lists].flatMap((it) => ["-o", it]);
  const target = ["-i", lab.privateKeyPath, "-p", `${host.port}`, `${host.user}@${host.address}`, "true"];
  const ssh = await promisify(execFile)("ssh", ["-F", "none", ...all, ...target]).then(
    () => "in",
    () => "algorithms",
  );
  const [ssh2, openssh, auto] = await Promise.all(
    (["ssh2", "openssh", "auto"] as const).map(async (transport) => {
      await using session = openSshSession([endpointOf(lab, host, { transport, algorithms })]);
      return await session.connect().then(
        () => "in",
        (error: { readonly details?: { readonly reason?: string } }) => error.details?.reason,
      );
    }),
  );
  return { ssh, ssh2, openssh, auto };
}

test.each<SshAlgorithms>([
  { kex: "curve25519-sha256" },
  { ciphers: "aes192-ctr" },
  { macs: "hmac-sha2-256" },
  { hostKeys: "ecdsa-sha2-nistp256" },
  { ciphers: "-aes256-*" },
  { hostKeys: "-ssh-ed25519" },
])("what the lists of an endpoint leave out is not used: %j", async (algorithms) => {
  const refused = "algorithms";
  expect(await connect("parent", algorithms)).toEqual({ ssh: refused, ssh2: refused, openssh: refused, auto: refused });
});

test.each<SshAlgorithms>([
  {
    kex: "curve25519-sha256,ecdh-sha2-nistp256",
    ciphers: "aes256-ctr",
    macs: "hmac-sha2-512",
    hostKeys: "ssh-ed25519",
  },
  { kex: "^ecdh-sha2-nistp256", ciphers: "+aes256-ctr", macs: "-hmac-sha1*", hostKeys: "+ssh-rsa" },
])("what they leave is: %j", async (algorithms) => {
  expect(await connect("parent", algorithms)).toEqual({ ssh: "in", ssh2: "in", openssh: "in", auto: "in" });
});

test("a host key of an algorithm that is off without a list is taken by ssh with one, and so by auto", async () => {
  expect(await connect("old", { hostKeys: "+ssh-rsa" })).toMatchObject({ ssh: "in", openssh: "in", auto: "in" });
});
