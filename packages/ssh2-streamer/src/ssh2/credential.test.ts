import { expect, test } from "vitest";
import { adviseOnKey } from "./credential.js";

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
