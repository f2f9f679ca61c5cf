import type { LoginAnswers } from "../login/login-answers.js";
import type { PrivateKey } from "../route/endpoint.js";
import type { Answer } from "./questions.js";

/** A private key, and the file that `ssh` reads it from. */
export interface KeyFile {
  readonly path: string;
  readonly key: PrivateKey;
}

/** What `ssh` asks for by its program for passwords. */
export type SshQuestion =
  | { readonly kind: "password" }
  | { readonly kind: "new password" }
  | { readonly kind: "passphrase" | "pin"; readonly path: string }
  | { readonly kind: "token pin"; readonly token: string }
  | { readonly kind: "keyboard-interactive"; readonly text: string };

/** Reads a prompt of OpenSSH 8.5 to 10; nothing but this function looks at its text. */
export function readPrompt(prompt: string): SshQuestion {
  const [, token] = /^Enter PIN for '(.*)': $/s.exec(prompt) ?? [];
  if (token !== undefined) return { kind: "token pin", token };
  const [, kind = "", path = ""] = /^Enter (passphrase|PIN) for (?:.*key )?'?(.*?)'?: $/s.exec(prompt) ?? [];
  if (/^(Enter|Retype) .+'s (old|new) password: $/s.test(prompt)) return { kind: "new password" };
  if (kind !== "") return { kind: kind === "PIN" ? "pin" : "passphrase", path };
  const [, text] = /^\(.*?@.*?\) (.*)$/s.exec(prompt) ?? [];
  if (text !== undefined && !/^\S+@\S+'s password: $/.test(text)) return { kind: "keyboard-interactive", text };
  return { kind: "password" };
}

/** There is no answer to what a login cannot go on without. */
export class Unanswered {
  /** What was wanted, where the question does not say it. */
  readonly word: string | undefined;

  constructor(word?: string) {
    this.word = word;
  }
}

/**
 * Answers the prompts of one login.
 * @param onStuck called with {@link Unanswered}, or with an error when asking failed
 */
export function createPromptAnswer(
  answers: LoginAnswers,
  keys: readonly KeyFile[],
  onStuck: (why: unknown) => void,
): Answer {
  const attempts = new Map<string, number>();
  const count = (asked: string) => {
    const attempt = (attempts.get(asked) ?? 0) + 1;
    attempts.set(asked, attempt);
    return attempt;
  };
  const ask = (question: Exclude<SshQuestion, { readonly kind: "new password" }>): Promise<string | undefined> => {
    if (question.kind === "password") return answers.password(count("password"));
    if (question.kind === "keyboard-interactive") {
      const { text } = question;
      // `ssh` asks one question after the other, and does not say whether the answer may be seen.
      const round = { name: "", instruction: "", questions: [{ text, echo: false }] };
      return answers.round(round, count(text)).then((said) => said?.[0]);
    }
    if (question.kind === "token pin") return answers.pin({ token: question.token }, count(question.token));
    const { path } = question;
    const { key } = keys.find((each) => isShownAs(each.path, path)) ?? { key: { path } };
    const attempt = count(path);
    return question.kind === "pin" ? answers.pin({ keyPath: path }, attempt) : answers.passphrase(key, attempt);
  };
  const giveUp = (why: unknown): never => {
    onStuck(why);
    throw why;
  };
  return async ([prompt = ""]) => {
    const question = readPrompt(prompt);
    if (question.kind === "new password") return giveUp(new Unanswered("the server wants a new password"));
    const said = await ask(question).catch(giveUp);
    // Without its passphrase a key is passed over. An empty password would be sent.
    const isOfKey = "path" in question || "token" in question;
    return said === undefined && !isOfKey ? giveUp(new Unanswered()) : said;
  };
}

/** `ssh` shows 100 characters of a path. */
function isShownAs(path: string, shown: string): boolean {
  return path === shown || path.slice(0, 100) === shown;
}
