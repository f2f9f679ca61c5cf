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
  | { readonly kind: "passphrase" | "pin"; readonly path: string }
  | { readonly kind: "keyboard-interactive"; readonly text: string };

/** Reads a prompt of OpenSSH 8.5 to 10; nothing but this function looks at its text. */
export function readPrompt(prompt: string): SshQuestion {
  const [, kind = "", path = ""] = /^Enter (passphrase|PIN) for (?:.*key )?'?(.*?)'?: $/s.exec(prompt) ?? [];
  if (kind !== "") return { kind: kind === "PIN" ? "pin" : "passphrase", path };
  const [, text] = /^\(.*?@.*?\) (.*)$/s.exec(prompt) ?? [];
  if (text !== undefined && !/^\S+@\S+'s password: $/.test(text)) return { kind: "keyboard-interactive", text };
  return { kind: "password" };
}

/**
 * Answers the prompts of one login.
 * @param onStuck called when there is no answer to what the login cannot go on without; with an error, when asking failed
 */
export function createPromptAnswer(
  answers: LoginAnswers,
  keys: readonly KeyFile[],
  onStuck: (error: unknown) => void,
): Answer {
  const attempts = new Map<string, number>();
  const count = (asked: string) => {
    const attempt = (attempts.get(asked) ?? 0) + 1;
    attempts.set(asked, attempt);
    return attempt;
  };
  const ask = (question: SshQuestion): Promise<string | undefined> => {
    if (question.kind === "password") return answers.password(count("password"));
    if (question.kind === "keyboard-interactive") {
      const { text } = question;
      // `ssh` asks one question after the other, and does not say whether the answer may be seen.
      const round = { name: "", instruction: "", questions: [{ text, echo: false }] };
      return answers.round(round, count(text)).then((said) => said?.[0]);
    }
    const { path } = question;
    const { key } = keys.find((each) => isShownAs(each.path, path)) ?? { key: { path } };
    const attempt = count(path);
    return question.kind === "pin" ? answers.pin(path, attempt) : answers.passphrase(key, attempt);
  };
  return async ([prompt = ""]) => {
    const question = readPrompt(prompt);
    try {
      const said = await ask(question);
      // Without its passphrase a key is passed over. An empty password would be sent.
      if (said === undefined && !("path" in question)) onStuck(undefined);
      return said;
    } catch (error) {
      onStuck(error);
      return undefined;
    }
  };
}

/** `ssh` shows 100 characters of a path. */
function isShownAs(path: string, shown: string): boolean {
  return path === shown || path.slice(0, 100) === shown;
}
