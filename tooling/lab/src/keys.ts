import { readFile } from "node:fs/promises";
import { runCommand } from "./command.js";
import type { KeyType } from "./options.js";

export interface KeyPair {
  readonly type: KeyType;
  readonly privateKeyPath: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/** Makes a key pair at `path` and `path`.pub; without a passphrase unless one is given. */
export async function createKeyPair(type: KeyType, path: string, passphrase = ""): Promise<KeyPair> {
  const bits = type === "rsa" ? ["-b", "2048"] : [];
  await runCommand("ssh-keygen", ["-q", "-t", type, ...bits, "-N", passphrase, "-C", "", "-f", path]);
  const publicKey = (await readFile(`${path}.pub`, "utf8")).trim();
  const listed = await runCommand("ssh-keygen", ["-l", "-E", "sha256", "-f", `${path}.pub`]);
  const fingerprint = listed.split(" ")[1];
  if (fingerprint === undefined) throw new Error(`lab: ssh-keygen -l answered ${listed}`);
  return { type, privateKeyPath: path, publicKey, fingerprint };
}
