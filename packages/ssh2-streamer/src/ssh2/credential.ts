import { describeFileError, readBoundedFile } from "@otto/errors";
import type { BaseAgent, ParsedKey } from "ssh2";
import { algorithmsOf } from "../host-keys/host-key.js";
import { formatFingerprint, readKeyType } from "../host-keys/known-hosts.js";
import type { LoginAnswers } from "../login/login-answers.js";
import type { PrivateKey, SshCredential } from "../route/endpoint.js";
import { describe } from "../route/failure.js";
import type { AuthAttempt, Prepared } from "./auth-attempt.js";
import { adviseOnKey, isEncryptedKey, readPublicPart } from "./key-file.js";
import { loadSsh2 } from "./load.js";
import { blobOf, longestKey, readPublicFile, readPublicKeys } from "./public-key.js";
import { createSigner } from "./signer.js";

type Ssh2 = typeof import("ssh2");

/** A credential whose keys have been read. */
export interface ReadCredential {
  readonly credential: SshCredential;
  readonly keys: readonly ReadKey[];
}

/** Credentials that share a login name: one connection tries them all. */
export interface LoginPlan {
  readonly username: string;
  readonly credentials: readonly ReadCredential[];
}

/** A key that can be used, one whose passphrase is to be asked for, or one of which neither is so. */
type ReadKey = { readonly label: string } & (
  | { readonly parsed: ParsedKey }
  | { readonly locked: LockedKey }
  | { readonly hint: string | undefined }
);

interface LockedKey {
  readonly key: PrivateKey;
  readonly content: Buffer | string;
  /** Undefined where the file does not have it in clear. */
  readonly publicPart: ParsedKey | undefined;
}

/** Reads the keys of an endpoint's logins. */
export async function readLogins(credentials: readonly SshCredential[]): Promise<LoginPlan[]> {
  const logins: { username: string; credentials: ReadCredential[] }[] = [];
  for (const credential of credentials) {
    const { username, privateKeys = [] } = credential;
    const read = { credential, keys: await Promise.all(privateKeys.map(readKey)) };
    const last = logins.at(-1);
    if (last?.username === username) last.credentials.push(read);
    else logins.push({ username, credentials: [read] });
  }
  return logins;
}

async function readKey(key: PrivateKey): Promise<ReadKey> {
  const label = "path" in key ? `key ${key.path}` : "key";
  let content: Buffer | string;
  try {
    content = "path" in key ? await readBoundedFile(key.path, longestKey) : key.content.reveal();
  } catch (error) {
    return { label: `${label} (unreadable: ${describeFileError(error)})`, hint: undefined };
  }
  const ssh2 = await loadSsh2();
  const passphrase = typeof key.passphrase === "function" ? undefined : key.passphrase;
  const parsed = ssh2.utils.parseKey(content, passphrase?.reveal());
  if (!(parsed instanceof Error) && parsed.isPrivateKey()) return { label, parsed };
  const text = String(content);
  const hint = "path" in key ? adviseOnKey(key.path, text) : undefined;
  if (hint === undefined && isEncryptedKey(text)) {
    const publicText = readPublicPart(text) ?? (await readPublicFile(key));
    const publicPart = publicText === undefined ? undefined : ssh2.utils.parseKey(publicText);
    return { label, locked: { key, content, publicPart: publicPart instanceof Error ? undefined : publicPart } };
  }
  const secrets = passphrase === undefined ? [] : [passphrase];
  const why = parsed instanceof Error ? describe(parsed, secrets) : "not a private key";
  return { label: `${label} (${why})`, hint };
}

/** What the attempts of one connection share. */
export interface LoginContext {
  readonly ssh2: Ssh2;
  readonly answers: LoginAnswers;
  /** The algorithms that keys may sign by; undefined: all. */
  readonly signatures: readonly string[] | undefined;
  /** Ends the connection with an error; undefined: nobody answered what the server asked. */
  readonly fail: (error: unknown) => void;
}

/**
 * Lines up the attempts of one credential. Servers count refused ones (MaxAuthTries), so named keys precede an agent's, and
 * what a person is asked for comes after what needs nobody.
 */
export function planAttempts({ credential, keys }: ReadCredential, context: LoginContext): AuthAttempt[] {
  const { username, agent, identitiesOnly = false, privateKeys = [], password } = credential;
  const { signatures, ssh2 } = context;
  const open = keys.filter((key) => !("locked" in key));
  const locked = keys.filter((key) => "locked" in key);
  const attempts = open.map((key) => planKey(key, username));
  const only = identitiesOnly ? privateKeys : undefined;
  if (agent !== undefined) attempts.push(planAgent(agent, { username, ssh2, signatures, only }));
  for (const { label, locked: key } of locked) attempts.push(planLockedKey(label, key, { username, ...context }));
  const byPassword = planPassword(username, context);
  const byQuestions = planQuestions(username, context);
  const byKeys = attempts.map((attempt) => withinList(attempt, signatures));
  return [...byKeys, ...(password === undefined ? [byQuestions, byPassword] : [byPassword, byQuestions])];
}

function planKey(key: ReadKey, username: string): AuthAttempt {
  const method = "publickey";
  const { label } = key;
  if (!("parsed" in key)) return { label, method, tries: 0, hint: "hint" in key ? key.hint : undefined };
  const { parsed } = key;
  const prepare = async () => ({ type: method, username, key: parsed }) as const;
  return { label, method, tries: 1, publicKey: blobOf(parsed), prepare };
}

/** An attempt, or why it is not made: its key signs by nothing of the list. */
function withinList(attempt: AuthAttempt, signatures: LoginContext["signatures"]): AuthAttempt {
  const { label, method, publicKey } = attempt;
  if (signatures === undefined || publicKey === undefined) return attempt;
  const type = readKeyType(Buffer.from(publicKey, "base64"));
  if (algorithmsOf(type).some((name) => signatures.includes(name))) return attempt;
  return { label: `${label} (${type} is not among PubkeyAcceptedAlgorithms)`, method, tries: 0 };
}

interface AgentPlan extends Pick<LoginContext, "ssh2" | "signatures"> {
  readonly username: string;
  /** The keys of which it may have the private halves; undefined: it may offer any. */
  readonly only: readonly PrivateKey[] | undefined;
}

function planAgent(path: string, { username, ssh2, signatures, only }: AgentPlan): AuthAttempt {
  const label = `agent ${path}`;
  const method = "publickey";
  const prepare = async (): Promise<Prepared> => {
    const agent = ssh2.createAgent(path);
    try {
      const listed = await listKeys(agent);
      const named = only && (await readPublicKeys(only, ssh2));
      const keys = listed.filter((key) => named?.has(blobOf(key)) ?? true);
      const planned = keys.map((key) => withinList(planAgentKey(label, key, { agent, username, ssh2 }), signatures));
      const expanded = planned.filter(({ prepare }) => prepare !== undefined);
      const left = planned.flatMap((it) => (it.prepare === undefined ? [it.label] : []));
      return { expanded, failures: keys.length === 0 ? [`${label} (it has no key of use)`] : left };
    } catch (error) {
      return { expanded: [], failures: [`${label} (${describe(error, [])})`] };
    }
  };
  return { label, method, tries: 1, prepare };
}

function listKeys(agent: BaseAgent): Promise<readonly ParsedKey[]> {
  return new Promise((resolve, reject) => {
    agent.getIdentities((error, keys = []) => (error ? reject(error) : resolve(keys as ParsedKey[])));
  });
}

interface AgentOfLogin {
  readonly agent: BaseAgent;
  readonly username: string;
  readonly ssh2: Ssh2;
}

function planAgentKey(label: string, key: ParsedKey, { agent, username, ssh2 }: AgentOfLogin): AuthAttempt {
  const sign = (data: Buffer, options: object) =>
    new Promise<Buffer>((resolve, reject) => {
      agent.sign(key, data, options, (error, signature) =>
        error || signature === undefined ? reject(error ?? new Error("no signature")) : resolve(signature),
      );
    });
  const signer = createSigner(ssh2, { publicKey: async () => key, sign });
  return {
    label: `${label}, ${formatFingerprint(key.getPublicSSH())}`,
    method: "publickey",
    tries: 1,
    publicKey: blobOf(key),
    prepare: async () => ({ type: "agent", username, agent: signer }),
  };
}

const passphraseTries = 3;

/** The server is asked first whether it takes the key; only then is its passphrase asked for. */
function planLockedKey(
  label: string,
  locked: LockedKey,
  { username, fail, ...context }: LoginContext & { readonly username: string },
): AuthAttempt {
  const { ssh2 } = context;
  const { publicPart } = locked;
  let unlocking: Promise<ParsedKey | string> | undefined;
  const unlock = async () => {
    unlocking ??= unlockKey(locked, context);
    unlocking.catch(fail);
    const parsed = await unlocking;
    if (typeof parsed === "string") throw new Error(parsed);
    return parsed;
  };
  const sign = async (data: Buffer, { hash }: { readonly hash?: string }) => {
    const signature: Buffer | Error = (await unlock()).sign(data, hash);
    if (signature instanceof Error) throw signature;
    return signature;
  };
  const signer = createSigner(ssh2, { publicKey: async () => publicPart ?? (await unlock()), sign });
  return {
    label,
    method: "publickey",
    tries: 1,
    publicKey: publicPart === undefined ? undefined : blobOf(publicPart),
    prepare: async () => ({ type: "agent", username, agent: signer }),
  };
}

/** @returns the key, or why it stays locked */
async function unlockKey(
  { key, content }: LockedKey,
  { answers, ssh2 }: Pick<LoginContext, "answers" | "ssh2">,
): Promise<ParsedKey | string> {
  for (let attempt = 1; attempt <= passphraseTries; attempt++) {
    const passphrase = await answers.passphrase(key, attempt);
    if (passphrase === undefined) return "encrypted, and nobody gave its passphrase";
    const parsed = ssh2.utils.parseKey(content, passphrase);
    if (!(parsed instanceof Error)) return parsed;
  }
  return "encrypted, and no passphrase was the right one";
}

const personTries = 3;

function planPassword(username: string, { answers }: LoginContext): AuthAttempt {
  const method = "password";
  const prepare = async (count: number) => {
    const password = await answers.password(count);
    return password === undefined ? undefined : ({ type: method, username, password } as const);
  };
  return { label: method, method, tries: answers.canAsk ? personTries : 1, prepare };
}

function planQuestions(username: string, { answers, fail }: LoginContext): AuthAttempt {
  const method = "keyboard-interactive";
  const prepare = async (count: number): Promise<Prepared> => ({
    type: method,
    username,
    prompt: (name, instruction, _language, prompts, finish) => {
      const questions = prompts.map(({ prompt, echo = false }) => ({ text: prompt, echo }));
      answers
        .round({ name, instruction, questions }, count)
        .then((given) => (given === undefined ? fail(undefined) : finish([...given])), fail);
    },
  });
  return { label: method, method, tries: answers.canAsk ? personTries : 1, prepare };
}
