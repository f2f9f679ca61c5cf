import { expect, test } from "vitest";
import type { AuthAttempt } from "./auth-attempt.js";
import { chooseAttempt, noteAnswer, startOf } from "./next-attempt.js";

const attempt = (label: string, changes: Partial<AuthAttempt> = {}): AuthAttempt => ({
  label,
  method: label.startsWith("key ") ? "publickey" : (label as AuthAttempt["method"]),
  tries: 1,
  publicKey: label.startsWith("key ") ? label : undefined,
  prepare: async () => undefined,
  ...changes,
});

const [a, b] = [attempt("key a"), attempt("key b")];
const password = attempt("password");
const questions = attempt("keyboard-interactive", { tries: 3 });

/** What a server answers to each attempt in turn: `-` refuses, `+` accepts and wants more; then the methods it takes. */
function walk(attempts: readonly AuthAttempt[], answers: readonly string[]): string[] {
  let standings = attempts.map(startOf);
  let methods: string[] | undefined;
  const made: string[] = [];
  for (const answer of [...answers, undefined]) {
    const next = chooseAttempt(standings, methods);
    made.push(next?.attempt.label ?? "none");
    if (next === undefined || answer === undefined) break;
    const [sign, taken = ""] = answer.split(" ");
    methods = taken.split(",");
    standings = [...noteAnswer(standings, next, sign === "+")];
  }
  return made;
}

test.each<[string, AuthAttempt[], string[], string[]]>([
  [
    "each once, in order",
    [a, b, password],
    ["- publickey,password", "- publickey,password"],
    ["key a", "key b", "password"],
  ],
  ["nothing twice", [a, password], ["- publickey,password", "- publickey,password"], ["key a", "password", "none"]],
  ["none that the server does not take", [a, b, password], ["- password"], ["key a", "password"]],
  ["a key, then the password", [a, b, password], ["- publickey", "+ password"], ["key a", "key b", "password"]],
  [
    "the password, then the key that was not taken before",
    [a, password],
    ["- password", "+ publickey"],
    ["key a", "password", "key a"],
  ],
  ["two keys", [a, b], ["+ publickey"], ["key a", "key b"]],
  [
    "two keys, and the first one is not the first's",
    [a, b],
    ["- publickey", "+ publickey"],
    ["key a", "key b", "key a"],
  ],
  ["one key where two are wanted", [a], ["+ publickey"], ["key a", "none"]],
  [
    "questions, then a key",
    [questions, a],
    ["- keyboard-interactive", "+ publickey"],
    ["keyboard-interactive", "keyboard-interactive", "key a"],
  ],
  [
    "questions twice",
    [questions],
    ["+ keyboard-interactive", "- keyboard-interactive"],
    ["keyboard-interactive", "keyboard-interactive", "keyboard-interactive"],
  ],
  [
    "questions three times at most",
    [questions],
    ["- keyboard-interactive", "- keyboard-interactive", "- keyboard-interactive"],
    ["keyboard-interactive", "keyboard-interactive", "keyboard-interactive", "none"],
  ],
  [
    "a key of two sources once",
    [a, attempt("key of an agent", { publicKey: "key a" }), b],
    ["- publickey"],
    ["key a", "key b"],
  ],
  ["nothing that cannot be tried", [attempt("key x", { prepare: undefined }), b], [], ["key b"]],
])("%s", (_, attempts, answers, made) => {
  expect(walk(attempts, answers)).toEqual(made);
});

test("a server that accepts without end gets an end", () => {
  const forever = Array.from({ length: 100 }, () => "+ keyboard-interactive");
  expect(walk([questions], forever)).toHaveLength(11);
});
