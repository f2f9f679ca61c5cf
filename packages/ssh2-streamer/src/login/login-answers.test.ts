import { isPrintable, Secret } from "@otto/errors";
import { expect, test } from "vitest";
import type { SshCredential, SshEndpoint } from "../route/endpoint.js";
import { channelError } from "../route/failure.js";
import type { SshPrompt, SshPromptHandler } from "../route/prompt.js";
import { findPasswordQuestion, LoginAnswers } from "./login-answers.js";

function answersOf(credential: Partial<SshCredential>, onPrompt?: SshPromptHandler) {
  const full = { username: "ada", ...credential };
  const endpoint: SshEndpoint = { name: "box", host: "10.0.0.1", credentials: [full], hostKey: { pin: "" } };
  const { signal } = new AbortController();
  const answers = new LoginAnswers({ endpoint, credential: full, onPrompt, signal, wait: (work) => work() });
  return { endpoint, answers };
}

const hidden = (text: string) => ({ text, echo: false });
const round = (...texts: string[]) => ({ name: "", instruction: "", questions: texts.map(hidden) });

/** Answers `1`, `2`, … and keeps what was asked. */
function person() {
  const asked: SshPrompt[] = [];
  let count = 0;
  const onPrompt: SshPromptHandler = async (prompt) => {
    asked.push(prompt);
    return prompt.questions.map(() => `${++count}`);
  };
  return { asked, onPrompt };
}

test.each([
  [["Password: "], 0],
  [["Mot de passe :"], 0],
  [["Verification code: "], -1],
  [["Password & verification code: "], -1],
  [["Password: ", "One-time password (OTP): "], 0],
  [["Code: ", "Password: "], 1],
  [["First: ", "Second: "], -1],
  [[], -1],
])("of %j the password answers number %d", (texts, index) => {
  expect(findPasswordQuestion(texts.map(hidden))).toBe(index);
});

test("a question that may be seen is no password's", () => {
  expect(findPasswordQuestion([{ text: "Password: ", echo: true }])).toBe(-1);
});

test("the password that is known answers its question, a person the others, in their order", async () => {
  const { asked, onPrompt } = person();
  const { answers } = answersOf({ password: new Secret("pw-of-ada") }, onPrompt);
  expect(await answers.round(round("Code: ", "Password: ", "Colour: "), 1)).toEqual(["1", "pw-of-ada", "2"]);
  expect(asked.map(({ questions }) => questions.map(({ text }) => text))).toEqual([["Code: ", "Colour: "]]);
  expect(await answers.round(round("Password: "), 2)).toEqual(["3"]);
});

test("a vault is asked once for one login; a wrong answer is asked of a person", async () => {
  let reads = 0;
  const password = async () => new Secret(`word-${++reads}`);
  const { asked, onPrompt } = person();
  const { answers } = answersOf({ password }, onPrompt);
  expect([await answers.password(1), await answers.password(2)]).toEqual(["word-1", "1"]);
  expect(asked).toMatchObject([{ host: "box", user: "ada", kind: "password", attempt: 2 }]);
});

test("what nobody answers is kept as it was asked", async () => {
  const { answers } = answersOf({});
  expect(await answers.round(round("1. Push\nCode\u001b[31m: "), 1)).toBeUndefined();
  expect(await answers.passphrase({ path: "/k" }, 1)).toBeUndefined();
  expect(answers.unanswered).toEqual(["Code:", "Passphrase of the key /k:"]);
});

test("hostile text is made safe, and cut", async () => {
  const { asked, onPrompt } = person();
  const { answers } = answersOf({}, onPrompt);
  const text = `\u001b]0;title\u0007\u202eCode\r\nowned: ${"x".repeat(100_000)}`;
  await answers.round({ name: text, instruction: text, questions: [hidden(text)] }, 1);
  const [prompt] = asked;
  const shownTexts = [prompt?.name, prompt?.instruction, prompt?.questions[0]?.text].map((it) => it ?? "");
  for (const shown of shownTexts) {
    expect(shown).toContain("owned");
    expect(isPrintable(shown.replaceAll("\n", ""))).toBe(true);
    expect(shown.length).toBeLessThanOrEqual(10_000);
  }
});

test("what was answered is shown in no later message", async () => {
  const { endpoint, answers } = answersOf({}, async () => ["hunter2-hunter2"]);
  await answers.password(1);
  const error = channelError(endpoint, "opening a session", new Error("you said hunter2-hunter2"));
  expect(error.message).toContain("[redacted]");
  expect(error.message).not.toContain("hunter2");
});

test("an answer too few is the program's mistake", async () => {
  const { answers } = answersOf({}, async () => []);
  await expect(answers.password(1)).rejects.toThrow(TypeError);
});
