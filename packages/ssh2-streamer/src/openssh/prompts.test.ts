import { expect, test } from "vitest";
import { readPrompt, type SshQuestion } from "./prompts.js";

// As OpenSSH 9.2 and 10.0 word them.
test.each<[string, SshQuestion]>([
  ["ada@box's password: ", { kind: "password" }],
  ["(ada@box) ada@box's password: ", { kind: "password" }],
  ["Enter ada@box's old password: ", { kind: "new password" }],
  ["Retype ada@box's new password: ", { kind: "new password" }],
  ["(ada@box) Password: ", { kind: "keyboard-interactive", text: "Password: " }],
  ["(ada@box) Your code\nis? ", { kind: "keyboard-interactive", text: "Your code\nis? " }],
  ["Enter passphrase for key '/home/a b/id': ", { kind: "passphrase", path: "/home/a b/id" }],
  ["Enter PIN for ED25519-SK key /home/ada/id_sk: ", { kind: "pin", path: "/home/ada/id_sk" }],
])("%s", (prompt, expected) => {
  expect(readPrompt(prompt)).toEqual(expected);
});
