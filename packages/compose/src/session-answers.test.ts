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
