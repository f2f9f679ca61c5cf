import { cleanText, Secret } from "@otto/errors";
import type { PrivateKey, SshCredential, SshEndpoint } from "../route/endpoint.js";
import { noteSecret, secretsOf } from "../route/failure.js";
import type { PromptQuestion, ReadSecret, SshPrompt, SshPromptHandler } from "../route/prompt.js";

export interface AnswerSetting {
  /** What is answered becomes one of its secrets. */
  readonly endpoint: SshEndpoint;
  readonly credential: SshCredential;
  /** Undefined: nobody can be asked. */
  readonly onPrompt: SshPromptHandler | undefined;
  /** Aborts when the connection does not wait any more. */
  readonly signal: AbortSignal;
  /** Runs what waits for a person or a vault: that is no part of the time limit of connecting. */
  readonly wait: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A round of questions of keyboard-interactive. */
export interface QuestionRound {
  readonly name: string;
  readonly instruction: string;
  readonly questions: readonly PromptQuestion[];
}

/**
 * Answers what one login asks: from what the credential has, then by a person. An attempt is 1, and one more after each
 * answer that was wrong.
 */
export class LoginAnswers {
  readonly #setting: AnswerSetting;
  readonly #unanswered: string[] = [];
  #isPasswordUsed = false;

  constructor(setting: AnswerSetting) {
    this.#setting = setting;
  }

  /** The questions that nobody answered, as the server or OpenSSH words them. */
  get unanswered(): readonly string[] {
    return this.#unanswered;
  }

  get canAsk(): boolean {
    return this.#setting.onPrompt !== undefined;
  }

  async password(attempt: number): Promise<string | undefined> {
    const { credential } = this.#setting;
    const known = attempt === 1 ? await this.#read(credential.password) : undefined;
    return known ?? (await this.#askOne("password", `Password of ${credential.username}: `, { attempt }));
  }

  async passphrase(key: PrivateKey, attempt: number): Promise<string | undefined> {
    const known = attempt === 1 ? await this.#read(key.passphrase) : undefined;
    const keyPath = "path" in key ? key.path : undefined;
    const text = keyPath === undefined ? "Passphrase of the private key: " : `Passphrase of the key ${keyPath}: `;
    return known ?? (await this.#askOne("passphrase", text, { attempt, keyPath }));
  }

  /** The PIN of a security key whose private key is in this file, or of a token by its label. */
  pin(of: { readonly keyPath: string } | { readonly token: string }, attempt: number): Promise<string | undefined> {
    const what = "token" in of ? `token ${of.token}` : `security key of ${of.keyPath}`;
    const keyPath = "token" in of ? undefined : of.keyPath;
    return this.#askOne("pin", `PIN of the ${what}: `, { attempt, keyPath });
  }

  /** The password, where the server asks for it the first time; whatever else by a person. Undefined: not all are answered. */
  async round(
    { name, instruction, questions }: QuestionRound,
    attempt: number,
  ): Promise<readonly string[] | undefined> {
    const at = this.#isPasswordUsed ? -1 : findPasswordQuestion(questions);
    const password = at === -1 ? undefined : await this.#read(this.#setting.credential.password);
    if (password !== undefined) this.#isPasswordUsed = true;
    const open = questions.filter((_, index) => password === undefined || index !== at);
    const answers = await this.#ask({ kind: "keyboard-interactive", name, instruction, questions: open, attempt });
    if (answers === undefined) return undefined;
    return password === undefined ? answers : answers.toSpliced(at, 0, password);
  }

  async #read(secret: Secret | ReadSecret | undefined): Promise<string | undefined> {
    const { endpoint, signal, wait } = this.#setting;
    const value = typeof secret === "function" ? await wait(() => secret(signal)) : secret;
    if (value !== undefined) noteSecret(endpoint, value);
    return value?.reveal();
  }

  async #askOne(
    kind: SshPrompt["kind"],
    text: string,
    about: Pick<SshPrompt, "attempt" | "keyPath">,
  ): Promise<string | undefined> {
    const answers = await this.#ask({ kind, name: "", instruction: "", questions: [{ text, echo: false }], ...about });
    return answers?.[0];
  }

  async #ask(asked: Omit<SshPrompt, "host" | "address" | "user">): Promise<readonly string[] | undefined> {
    if (asked.questions.length === 0) return [];
    const { endpoint, credential, onPrompt, signal, wait } = this.#setting;
    const address = `${endpoint.host}:${endpoint.port ?? 22}`;
    const prompt = this.#clean({ host: endpoint.name, address, user: credential.username, ...asked });
    const answers = onPrompt && (await wait(() => onPrompt(prompt, signal)));
    if (answers === undefined) {
      // Some servers have a menu above the question.
      this.#unanswered.push(...prompt.questions.map(({ text }) => text.trim().split("\n").at(-1) ?? ""));
      return undefined;
    }
    if (answers.length !== prompt.questions.length) throw new TypeError("onPrompt: one answer to each question is due");
    for (const [index, answer] of answers.entries()) {
      if (!prompt.questions[index]?.echo) noteSecret(endpoint, new Secret(answer));
    }
    return answers;
  }

  #clean(prompt: SshPrompt): SshPrompt {
    const clean = (text: string, longest: number) =>
      cleanText(text.slice(0, longest), secretsOf(this.#setting.endpoint));
    return {
      ...prompt,
      name: clean(prompt.name, longestQuestion),
      instruction: clean(prompt.instruction, longestInstruction),
      questions: prompt.questions.map(({ text, echo }) => ({ text: clean(text, longestQuestion), echo })),
    };
  }
}

/** Characters. */
const longestQuestion = 1000;
const longestInstruction = 10_000;

// "Password: " (pam_unix) in many languages is one hidden question, alone; what says that it wants something else does.
const otherSecret = /\b(code|token|otp|one[- ]time|passcode|pin|factor|verification|challenge|response)\b/i;
const passwordWord = /passw/i;

/** The index of the question that wants the login's password; -1 where there is none. */
export function findPasswordQuestion(questions: readonly PromptQuestion[]): number {
  const isHidden = (question: PromptQuestion) => !question.echo && !otherSecret.test(question.text);
  if (questions.length === 1) return questions.findIndex(isHidden);
  return questions.findIndex((question) => isHidden(question) && passwordWord.test(question.text));
}
