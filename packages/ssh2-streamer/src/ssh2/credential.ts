import { describeFileError, quoteWord, readBoundedFile } from "@otto/errors";
import type { AnyAuthMethod, AuthenticationType } from "ssh2";
import type { PrivateKey, SshCredential } from "../route/endpoint.js";
import { describe } from "../route/failure.js";

/** One way to log in, with the name that messages call it by. */
export interface AuthAttempt {
  readonly label: string;
  /** As servers name the methods they take. */
  readonly method: AuthenticationType;
  /** Undefined when it cannot be tried, which `label` explains. */
  readonly auth: AnyAuthMethod | undefined;
  /** What makes it one that can be tried. */
  readonly hint?: string | undefined;
}

/** Credentials that share a login name: one connection tries them all. */
export interface LoginAttempt {
  readonly username: string;
  readonly attempts: readonly AuthAttempt[];
}

/** Reads the keys and lines up the attempts. Servers count refused ones (MaxAuthTries), so named keys precede an agent's. */
export async function readLoginAttempts(credentials: readonly SshCredential[]): Promise<LoginAttempt[]> {
  const logins: { username: string; attempts: AuthAttempt[] }[] = [];
  for (const credential of credentials) {
    const last = logins.at(-1);
    const attempts = await readAttempts(credential);
    if (last?.username === credential.username) last.attempts.push(...attempts);
    else logins.push({ username: credential.username, attempts });
  }
  return logins;
}

async function readAttempts(credential: SshCredential): Promise<AuthAttempt[]> {
  const { username, agent, password, privateKeys = [] } = credential;
  const attempts = await Promise.all(privateKeys.map((key) => readKeyAttempt(username, key)));
  if (agent !== undefined) {
    attempts.push({ label: `agent ${agent}`, method: "publickey", auth: { type: "agent", username, agent } });
  }
  if (password === undefined) return attempts;
  const secret = password.reveal();
  return [
    ...attempts,
    { label: "password", method: "password", auth: { type: "password", username, password: secret } },
    { label: "keyboard-interactive", method: "keyboard-interactive", auth: answerHiddenPrompt(username, secret) },
  ];
}

/** Bytes. */
const longestKey = 1 << 20;

async function readKeyAttempt(username: string, key: PrivateKey): Promise<AuthAttempt> {
  const name = "path" in key ? `key ${key.path}` : "key";
  const method = "publickey";
  let content: Buffer | string;
  try {
    content = "path" in key ? await readBoundedFile(key.path, longestKey) : key.content.reveal();
  } catch (error) {
    return { label: `${name} (unreadable: ${describeFileError(error)})`, method, auth: undefined };
  }
  const secrets = key.passphrase === undefined ? [] : [key.passphrase];
  const { default: ssh2 } = await import("ssh2");
  const parsed = ssh2.utils.parseKey(content, key.passphrase?.reveal());
  const isUsable = !(parsed instanceof Error) && parsed.isPrivateKey();
  if (!isUsable) {
    const why = parsed instanceof Error ? describe(parsed, secrets) : "not a private key";
    const hint = "path" in key ? adviseOnKey(key.path, String(content)) : undefined;
    return { label: `${name} (${why})`, method, auth: undefined, hint };
  }
  return { label: name, method, auth: { type: "publickey", username, key: parsed } };
}

/** What makes a key of a form that ssh2 1.17 does not read one that it does, by the text of its file. */
export function adviseOnKey(path: string, content: string): string | undefined {
  if (/^(ssh-|ecdsa-|sk-|-+ ?BEGIN (SSH2 )?PUBLIC KEY)/.test(content)) {
    return `${path} is a public key: name the private one, most often ${path.replace(/\.pub$/, "")}.`;
  }
  if (content.startsWith("PuTTY-User-Key-File-3")) {
    const target = `${path.replace(/\.ppk$/, "")}.openssh`;
    return `Convert it: puttygen ${quoteWord(path)} -O private-openssh -o ${quoteWord(target)}, and name ${target}.`;
  }
  const isPkcs8 = /^-+BEGIN (ENCRYPTED )?PRIVATE KEY/.test(content);
  if (!isPkcs8 && !encryptsWithChacha(content)) return undefined;
  return `Write it anew in a form that is known: ssh-keygen -p -Z aes256-ctr -f ${quoteWord(path)}`;
}

function encryptsWithChacha(content: string): boolean {
  const [first = "", second = ""] = content.split("\n");
  const header = Buffer.from(second, "base64").toString("latin1");
  return first.includes("BEGIN OPENSSH PRIVATE KEY") && header.includes("chacha20-poly1305");
}

// One hidden prompt is a password's; anything else wants a person.
function answerHiddenPrompt(username: string, password: string): AnyAuthMethod {
  let answered = false;
  return {
    type: "keyboard-interactive",
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => {
      const isPassword = prompts.length === 1 && prompts[0]?.echo === false && !answered;
      answered = true;
      finish(isPassword ? [password] : prompts.map(() => ""));
    },
  };
}
