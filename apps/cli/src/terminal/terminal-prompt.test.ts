import { expect, test } from "vitest";
import { createTerminalPrompt, formatHeading, formatQuestion } from "./terminal-prompt.js";

const prompt = {
  host: "box",
  address: "box:22",
  user: "ada",
  kind: "keyboard-interactive",
  name: "",
  instruction: "",
  questions: [],
  attempt: 1,
} as const;
const { signal } = new AbortController();

test("several hosts are asked for one after the other, each after one that gave up", async () => {
  const running: (() => void)[] = [];
  let open = 0;
  const ask = createTerminalPrompt({
    signal,
    undisturbed: async (work) => {
      open += 1;
      expect(open).toBe(1);
      await new Promise<void>((resolve) => running.push(resolve));
      open -= 1;
      return await work();
    },
  });
  const [first, second, third] = Array.from({ length: 3 }, () => new AbortController());
  const asked = [first, second, third].map((it) => ask(prompt, (it as AbortController).signal));
  await expect.poll(() => running.length).toBe(1);
  second?.abort(new Error("enough"));
  first?.abort(new Error("over"));
  await expect(asked[0]).rejects.toThrow("over");
  await expect(asked[1]).rejects.toThrow("enough");
  running[0]?.();
  await expect.poll(() => running.length).toBe(2);
  running[1]?.();
  await expect.poll(() => running.length).toBe(3);
  third?.abort(new Error("all"));
  await expect(asked[2]).rejects.toThrow("all");
  running[2]?.();
});

test("what the server says stands above its questions, each line with the host, and no line is the terminal's", () => {
  const said = { ...prompt, name: "Two steps", instruction: "One.\n\n\u001b[2JTwo.\n", attempt: 2 };
  expect(formatHeading(said)).toEqual([
    "box: refused, please try again",
    "(ada@box) Two steps",
    "(ada@box) One.",
    "(ada@box) \\u001b[2JTwo.",
  ]);
  expect(formatHeading(prompt)).toEqual([]);
});

test.each([
  ["Code: ", ["(ada@box) Code: "]],
  ["Choose:\n\n 1. Push\nOption (1-1): ", ["(ada@box) Choose:", "(ada@box)  1. Push", "(ada@box) Option (1-1): "]],
  ["Hello\nbox: Passphrase of the key /k: ", ["(ada@box) Hello", "(ada@box) box: Passphrase of the key /k: "]],
  ["", ["(ada@box) "]],
])("a server's question %j is the server's on each line", (text, lines) => {
  expect(formatQuestion(prompt, text)).toEqual(lines);
});

test("otto's own question names the host", () => {
  const own = { ...prompt, kind: "passphrase" } as const;
  expect(formatQuestion(own, "Passphrase of the key /k: ")).toEqual(["box: Passphrase of the key /k: "]);
});
