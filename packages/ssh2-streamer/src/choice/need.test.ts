import { expect, test } from "vitest";
import type { SshEndpoint } from "../route/endpoint.js";
import { readSsh2Algorithms } from "../ssh2/internals.js";
import { findNeed, type KeyMeans, type LoginMeans } from "./need.js";

const ssh2Algorithms = await readSsh2Algorithms();
const plain: KeyMeans = { name: "/k", certificate: undefined, form: "plain" };
const certified: KeyMeans = { ...plain, certificate: "/k-cert.pub" };
const security: KeyMeans = { ...plain, name: "/sk", form: "security key" };
const pkcs8: KeyMeans = { ...plain, name: "/p8", form: "unreadable by ssh2" };
const ed25519 = "ssh-ed25519";
const skKey = "sk-ssh-ed25519@openssh.com";
const certificate = "ssh-ed25519-cert-v01@openssh.com";

function needOf(means: Partial<LoginMeans>, changes: Partial<SshEndpoint> = {}) {
  const endpoint: SshEndpoint = {
    name: "box",
    host: "box",
    credentials: [{ username: "ada" }],
    hostKey: { knownHosts: [] },
    ...changes,
  };
  return findNeed(endpoint, { keys: [], agentKeyTypes: [], hostAuthority: undefined, ssh2Algorithms, ...means })?.cause;
}

test.each<[string, Partial<LoginMeans>, Partial<SshEndpoint>, string | undefined]>([
  ["nothing at all", {}, {}, undefined],
  ["a plain key", { keys: [plain] }, {}, undefined],
  ["a key with a certificate beside it", { keys: [plain, certified] }, {}, "the certificate /k-cert.pub"],
  ["a named certificate", {}, { credentials: [{ username: "ada", certificates: ["/c"] }] }, "the certificate /c"],
  [
    "a host known by its certificate",
    { hostAuthority: { where: "/k:1", isSole: true } },
    {},
    "the host's certificate (of the authority of /k:1)",
  ],
  [
    "a token's library",
    { keys: [plain] },
    { pkcs11Provider: "/usr/lib/p.so", gssapi: true },
    "the PKCS #11 provider /usr/lib/p.so",
  ],
  ["revoked host keys", {}, { revokedHostKeys: ["/krl", "/more"] }, "RevokedHostKeys /krl /more"],
  ["no revoked host keys", {}, { revokedHostKeys: [] }, undefined],
  ["GSSAPI", { keys: [plain] }, { gssapi: true }, "GSSAPI"],
  ["a security key", { keys: [security] }, {}, "the security key /sk"],
  ["a security key beside a plain one", { keys: [plain, security] }, {}, "the security key /sk"],
  ["a key that ssh2 cannot read beside a plain one", { keys: [plain, pkcs8] }, {}, "the form of the key /p8"],
  ["a key that ssh2 cannot read", { keys: [pkcs8] }, {}, "the form of the key /p8"],
  ["a plain key in the agent", { agentKeyTypes: [ed25519] }, {}, undefined],
  [
    "a certificate in the agent",
    { agentKeyTypes: [ed25519, certificate] },
    {},
    `the certificate in the agent (${certificate})`,
  ],
  ["only security keys in the agent", { agentKeyTypes: [skKey] }, {}, `the security key in the agent (${skKey})`],
  [
    "a security key among others",
    { keys: [plain], agentKeyTypes: [ed25519, skKey] },
    {},
    `the security key in the agent (${skKey})`,
  ],
  ["a list that ssh2 has a part of", {}, { algorithms: { ciphers: "aes128-ctr,new@example" } }, undefined],
  [
    "a list of what ssh2 lacks",
    {},
    { algorithms: { kex: "mlkem768x25519-sha256" } },
    "KexAlgorithms mlkem768x25519-sha256",
  ],
  ["a list that adds", {}, { algorithms: { kex: "+mlkem768x25519-sha256" } }, undefined],
  [
    "a list of MACs that ssh2 lacks",
    {},
    { algorithms: { macs: "umac-128-etm@openssh.com" } },
    "MACs umac-128-etm@openssh.com",
  ],
  ["a list that takes all away", {}, { algorithms: { ciphers: "-*" } }, "Ciphers -*"],
  [
    "host keys that ssh2 does not check",
    {},
    { algorithms: { hostKeys: "*-cert-v01@openssh.com" } },
    "HostKeyAlgorithms *-cert-v01@openssh.com",
  ],
  [
    "keys of which ssh2 has none",
    { keys: [plain] },
    { algorithms: { publicKeys: "sk-*" } },
    "PubkeyAcceptedAlgorithms sk-*",
  ],
])("%s: what ssh2 cannot do of it", (_, means, changes, expected) => {
  expect(needOf(means, changes)).toBe(expected);
});
