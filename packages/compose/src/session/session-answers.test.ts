import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readAnswers } from "./session-answers.js";

test.each([
  ["before it is ready", ""],
  ["as an answer", "nonce ready\n"],
])("a session that says more than is kept %s is to be ended, which is told once", async (_, head) => {
  const stdout = new PassThrough();
  let told = 0;
  readAnswers(stdout, "nonce", () => {
    told += 1;
  });
  stdout.write(head);
  const chunk = Buffer.alloc(1 << 20, "x");
  for (let n = 0; n < 70; n += 1) if (!stdout.write(chunk)) await new Promise(setImmediate);
  expect(told).toBe(1);
});

test.each(["one\ntwo\nthree", "one\ntwo\nthree\n", ""])(
  "lines of the answer %j are told as they come, whole",
  async (output) => {
    const text = `${output}\nnonce 3\n`;
    for (let size = 1; size <= text.length; size += 1) {
      const stdout = new PassThrough();
      const answers = readAnswers(stdout, "nonce", () => {});
      stdout.write("nonce ready\n");
      await answers.state();
      let told = "";
      let beforeEnd = "";
      answers.onLines = (lines) => {
        told += lines.toString();
      };
      for (let at = 0; at < text.length; at += size) {
        stdout.write(text.slice(at, at + size));
        await new Promise(setImmediate);
        if (at + size < output.length) beforeEnd = text.slice(0, at + size);
      }
      expect(await answers.next()).toEqual({ text: output, exitCode: 3 });
      expect(told.trimEnd()).toBe(output.trimEnd());
      expect(told.startsWith(beforeEnd.slice(0, beforeEnd.lastIndexOf("\n") + 1))).toBe(true);
      stdout.end();
      await once(stdout, "close");
    }
  },
);

test.each(["before it is read", "before a state is asked for", "while a state is waited for"])(
  "an output that ends %s has no state",
  async (when) => {
    const stdout = new PassThrough();
    const end = async () => {
      stdout.destroy();
      await once(stdout, "close");
    };
    if (when === "before it is read") await end();
    const answers = readAnswers(stdout, "nonce", () => {});
    if (when === "before a state is asked for") await end();
    const state = answers.state();
    stdout.destroy();
    expect(await state).toBeUndefined();
  },
);
