import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { adviseOnKey, isEncryptedKey, readPublicPart } from "./key-file.js";

const openSsh = (cipher: string) =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from(`openssh-key-v1\0\0\0\0\u001d${cipher}`).toString("base64")}\n`;

test.each([
  ["k.pub", "ssh-ed25519 AAAA user@host", "k.pub is a public key: name the private one, most often k."],
  [
    "k.ppk",
    "PuTTY-User-Key-File-3: ssh-ed25519\n",
    "Convert it: puttygen 'k.ppk' -O private-openssh -o 'k.openssh', and name k.openssh.",
  ],
  ["k", "-----BEGIN PRIVATE KEY-----\n", "Write it anew in a form that is known: ssh-keygen -p -Z aes256-ctr -f 'k'"],
  ["a b", openSsh("chacha20-poly1305@openssh.com"), expect.stringContaining("-f 'a b'") as string],
  ["k", openSsh("aes256-ctr"), undefined],
  ["k", "-----BEGIN RSA PRIVATE KEY-----\n", undefined],
  ["k", "", undefined],
])("what to do with the key %j that begins %j", (path, content, advice) => {
  expect(adviseOnKey(path, content)).toEqual(advice);
});

test.each([
  ["", undefined],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\n", undefined],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA/////w==\n", undefined],
])("what is left of a key, %j, has no public part and no passphrase", (content, part) => {
  expect(readPublicPart(content)).toEqual(part);
  expect(isEncryptedKey(content)).toBe(false);
});

test("a key's passphrase and public part are seen without the passphrase", () => {
  const options = { passphrase: "open sesame", cipher: "aes256-ctr", rounds: 1, comment: "" } as const;
  const locked = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256, ...options });
  const plain = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  expect([locked, plain].map((it) => isEncryptedKey(it.private))).toEqual([true, false]);
  for (const pair of [locked, plain]) expect(readPublicPart(pair.private)).toBe(pair.public.trim());
  const pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n";
  expect([isEncryptedKey(pem), readPublicPart(pem)]).toEqual([true, undefined]);
});
