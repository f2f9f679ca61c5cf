import { expect, test } from "vitest";
import { LoginAnswers } from "../login/login-answers.js";
import { createPromptAnswer, readPrompt, type SshQuestion, Unanswered } from "./prompts.js";

// As OpenSSH 9.2 and 10.0 word them.
test.each<[string, SshQuestion]>([
  ["ada@box's password: ", { kind: "password" }],
  ["(ada@box) ada@box's password: ", { kind: "password" }],
  ["Enter ada@box's old password: ", { kind: "new password" }],
  ["Retype ada@box's new password: ", { kind: "new password" }],
  ["(ada@box) Password: ", { kind: "keyboard-interactive", text: "Password: " }],
  ["(ada@box) Your code\nis? ", { kind: "keyboard-interactive", text: "Your code\nis? " }],
  ["Enter passphrase for key '/home/a b/id': ", { kind: "passphrase", path: "/home/a b/id" }],
  ["Enter PIN for 'Ada's card': ", { kind: "token pin", token: "Ada's card" }],
  ["Enter PIN for ED25519-SK key /home/ada/id_sk: ", { kind: "pin", path: "/home/ada/id_sk" }],
])("%s", (prompt, expected) => {
  expect(readPrompt(prompt)).toEqual(expected);
});

test("a password that nobody has gets no answer, for which ssh would send an empty one", async () => {
  const endpoint = {
    name: "box",
    host: "box",
    credentials: [{ username: "ada" }],
    hostKey: { knownHosts: [] },
  } as const;
  const answers = new LoginAnswers({
    endpoint,
    credential: endpoint.credentials[0],
    onPrompt: undefined,
    signal: new AbortController().signal,
    wait: (work) => work(),
  });
  const stuck: unknown[] = [];
  const answer = createPromptAnswer(answers, [], (why) => stuck.push(why));
  await expect(answer(["ada@box's password: "])).rejects.toBeInstanceOf(Unanswered);
  expect(stuck).toEqual([new Unanswered()]);
  await expect(answer(["Enter passphrase for key '/k': "])).resolves.toBeUndefined();
});
