import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@otto/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatFingerprint } from "../host-keys/known-hosts.js";
import type { SshEndpoint, SshRoute } from "../route/endpoint.js";
import { describeRoute, fingerprintOf, isSameButLearned } from "./route-description.js";

let directory: string;
let key: string;
let knownHosts: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-route-"));
  key = join(directory, "key");
  knownHosts = join(directory, "known_hosts");
  await writeFile(key, "a key");
});
afterAll(() => rm(directory, { recursive: true }));

const blob = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from(`ssh-ed25519${text}`)]);
const line = (host: string, text: string) => `${host} ssh-ed25519 ${blob(text).toString("base64")}\n`;

const endpoint = (changes: Partial<SshEndpoint> = {}): SshEndpoint => ({
  name: "box",
  host: "box.example.org",
  credentials: [{ username: "ci", privateKeys: [{ path: key }] }],
  hostKey: { knownHosts: [knownHosts] },
  ...changes,
});
const describe = (route: SshRoute, version = "1", env = {}) => describeRoute(route, { version, env });
const nameOf = async (...given: Parameters<typeof describe>) => fingerprintOf(await describe(...given));

test("what decides on a connection changes its name, and nothing else does", async () => {
  await writeFile(knownHosts, line("box.example.org", "one"));
  const name = await nameOf([endpoint()]);
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(await nameOf([endpoint({ authorize: () => {}, compress: undefined })])).toBe(name);
  const [credential] = endpoint().credentials;
  const changes: Partial<SshEndpoint>[] = [
    { name: "crate" },
    { host: "other.example.org" },
    { port: 2222 },
    { credentials: [{ ...credential, username: "root" }] },
    { credentials: [{ ...credential, agent: "/agent" }] },
    { credentials: [{ ...credential, identitiesOnly: true }] },
    { credentials: [{ ...credential, password: new Secret("one") }] },
    { credentials: [{ ...credential, password: new Secret("two") }] },
    { credentials: [credential, credential] },
    { hostKey: { pin: "SHA256:a" } },
    { hostKey: { knownHosts: [knownHosts], learn: { file: knownHosts } } },
    { proxyCommand: "nc %h %p" },
    { transport: "openssh" },
    { compress: true },
    { hostKeyAlias: "alias" },
    { revokedHostKeys: [key] },
    { pkcs11Provider: "/lib/x.so" },
    { configFile: key },
    { gssapi: true },
    { persistMs: 1000 },
  ];
  const names = await Promise.all(changes.map((change) => nameOf([endpoint(change)])));
  const others = [
    await nameOf([endpoint({ name: "gate" }), endpoint()]),
    await nameOf([endpoint()], "2"),
    await nameOf([endpoint()], "1", { KRB5CCNAME: "/ticket" }),
  ];
  expect(new Set([name, ...names, ...others]).size).toBe(1 + names.length + others.length);
});

test("a key file that changes is another key", async () => {
  const name = await nameOf([endpoint()]);
  await writeFile(key, "another key");
  expect(await nameOf([endpoint()])).not.toBe(name);
});

test("lines of other hosts, comments and the order of lines are no matter; a revocation, a further key and a removal are", async () => {
  const own = line("box.example.org", "one");
  await writeFile(knownHosts, own);
  const name = await nameOf([endpoint()]);
  const contents = async (text: string) => {
    await writeFile(knownHosts, text);
    return nameOf([endpoint()]);
  };
  expect(await contents(`# said\n${line("elsewhere", "x")}${own}`)).toBe(name);
  const others = [
    await contents(""),
    await contents(`@revoked ${own}`),
    await contents(own + line("box.example.org", "two")),
    await contents(`${own}@cert-authority ${line("*.example.org", "authority")}`),
  ];
  expect(new Set([name, ...others]).size).toBe(1 + others.length);
});

test("only a key that the login has learned is no change", async () => {
  await writeFile(knownHosts, line("box.example.org", "one"));
  const before = await describe([endpoint()]);
  await writeFile(knownHosts, line("box.example.org", "one") + line("box.example.org", "two"));
  const after = await describe([endpoint()]);
  const learned = new Set([formatFingerprint(blob("two"))]);
  expect(isSameButLearned(before, after, learned)).toBe(true);
  expect(isSameButLearned(before, after, new Set())).toBe(false);
  expect(isSameButLearned(after, before, learned)).toBe(false);
  expect(isSameButLearned(before, await describe([endpoint()], "2"), learned)).toBe(false);
});
