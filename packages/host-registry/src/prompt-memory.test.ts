import type { SshPrompt, SshPromptHandler } from "ssh2-streamer";
import { expect, test } from "vitest";
import { rememberAnswers } from "./prompt-memory.js";

const prompt = (changes: Partial<SshPrompt>): SshPrompt => ({
  host: "box",
  address: "10.0.0.1:22",
  user: "ada",
  kind: "password",
  name: "",
  instruction: "",
  questions: [{ text: "?", echo: false }],
  attempt: 1,
  ...changes,
});
const passphrase = (host: string, attempt = 1) => prompt({ kind: "passphrase", keyPath: "/k", host, attempt });

/** Answers `1`, `2`, … when told to. */
function person() {
  let count = 0;
  const waiting: (() => void)[] = [];
  const onPrompt: SshPromptHandler = async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return [`${++count}`];
  };
  const connection = () => {
    const { signal } = new AbortController();
    return (asked: SshPrompt) => ask(asked, signal);
  };
  const ask = rememberAnswers(onPrompt);
  const answerNext = async () => {
    await expect.poll(() => waiting.length).toBeGreaterThan(0);
    waiting.shift()?.();
  };
  return { connection, ask, answerNext, isWaiting: () => waiting.length > 0 };
}

test("hosts that need one key's passphrase ask once, at once or later", async () => {
  const { connection, answerNext } = person();
  const both = Promise.all([connection()(passphrase("a")), connection()(passphrase("b"))]);
  await answerNext();
  expect(await both).toEqual([["1"], ["1"]]);
  expect(await connection()(passphrase("c"))).toEqual(["1"]);
});

test("a password goes to no other machine of the same name, as an alias of an SSH configuration may have it", async () => {
  const { connection, answerNext } = person();
  const one = connection()(prompt({}));
  await answerNext();
  expect(await one).toEqual(["1"]);
  const other = connection()(prompt({ address: "10.0.0.2:22" }));
  await answerNext();
  expect(await other).toEqual(["2"]);
});

test("a wrong answer is asked again once, for all who got it", async () => {
  const { connection, answerNext } = person();
  const [a, b] = [connection(), connection()];
  const wrong = Promise.all([a(passphrase("a")), b(passphrase("b"))]);
  await answerNext();
  await wrong;
  const right = Promise.all([a(passphrase("a", 2)), b(passphrase("b", 2))]);
  await answerNext();
  expect(await right).toEqual([["2"], ["2"]]);
});

test("passwords are of a host and a login; one-time codes are asked each time", async () => {
  const { connection, answerNext } = person();
  const asked = [
    prompt({}),
    prompt({ host: "fox" }),
    prompt({ user: "bob" }),
    prompt({ kind: "keyboard-interactive" }),
  ];
  for (const [index, each] of [...asked, prompt({ kind: "keyboard-interactive" })].entries()) {
    const answer = connection()(each);
    await answerNext();
    expect(await answer).toEqual([`${index + 1}`]);
  }
  expect(await connection()(prompt({}))).toEqual(["1"]);
});

test("who waits for another's answer may give up, and asks when the other one did", async () => {
  const { ask, answerNext } = person();
  const [first, second] = [new AbortController(), new AbortController()];
  const given = ask(passphrase("a"), first.signal);
  const waits = ask(passphrase("b"), second.signal);
  second.abort(new Error("enough"));
  await expect(waits).rejects.toThrow("enough");
  await answerNext();
  expect(await given).toEqual(["1"]);
});
