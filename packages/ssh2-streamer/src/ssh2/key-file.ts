import { quoteWord } from "@otto/errors";

/** What makes a key of a form that ssh2 1.17 does not read one that it does, by the text of its file. */
export function adviseOnKey(path: string, content: string): string | undefined {
  if (/^(ssh-|ecdsa-|sk-|-+ ?BEGIN (SSH2 )?PUBLIC KEY)/.test(content)) {
    return `${path} is a public key: name the private one, most often ${path.replace(/\.pub$/, "")}.`;
  }
  if (content.startsWith("PuTTY-User-Key-File-3")) {
    const target = `${path.replace(/\.ppk$/, "")}.openssh`;
    return `Convert it: puttygen ${quoteWord(path)} -O private-openssh -o ${quoteWord(target)}, and name ${target}.`;
  }
  if (!isBeyondSsh2(content)) return undefined;
  return `Write it anew in a form that is known: ssh-keygen -p -Z aes256-ctr -f ${quoteWord(path)}`;
}

/** Whether a private key is of a form that OpenSSH reads and ssh2 1.17 does not. */
export function isBeyondSsh2(content: string): boolean {
  return /^-+BEGIN (ENCRYPTED )?PRIVATE KEY/.test(content) || encryptsWithChacha(content);
}

/** Whether a key has a passphrase, by the text of its file: OpenSSH's form, PEM, or PuTTY's second one. */
export function isEncryptedKey(content: string): boolean {
  const openSsh = readOpenSshKey(content);
  if (openSsh !== undefined) return openSsh.cipher !== "none";
  return /^Proc-Type: 4,ENCRYPTED/m.test(content) || /^Encryption: aes256-cbc/m.test(content);
}

/** The public key as in an `authorized_keys` file, where a private key's file has it in clear. */
export function readPublicPart(content: string): string | undefined {
  const blob = readOpenSshKey(content)?.publicKey;
  if (blob === undefined) return undefined;
  const [type] = readStrings(blob, 0, 1) ?? [];
  return type === undefined ? undefined : `${type.toString("latin1")} ${blob.toString("base64")}`;
}

function encryptsWithChacha(content: string): boolean {
  return readOpenSshKey(content)?.cipher.startsWith("chacha20-poly1305") ?? false;
}

const magic = "openssh-key-v1\0";

/** @see openssh's PROTOCOL.key */
function readOpenSshKey(
  content: string,
): { readonly cipher: string; readonly publicKey: Buffer | undefined } | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(content) ?? [];
  const bytes = Buffer.from(body ?? "", "base64");
  if (!bytes.toString("latin1").startsWith(magic)) return undefined;
  const [cipher] = readStrings(bytes, magic.length, 1) ?? [];
  if (cipher === undefined) return undefined;
  const [, kdf, options] = readStrings(bytes, magic.length, 3) ?? [];
  const countAt = magic.length + 12 + cipher.length + (kdf?.length ?? 0) + (options?.length ?? 0);
  const [publicKey] = readStrings(bytes, countAt + 4, 1) ?? [];
  return { cipher: cipher.toString("latin1"), publicKey };
}

/** So many strings of SSH's wire format; undefined when the bytes end before them. */
function readStrings(bytes: Buffer, from: number, count: number): Buffer[] | undefined {
  const found: Buffer[] = [];
  let at = from;
  for (let index = 0; index < count; index++) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}
