import { inspect } from "node:util";
import { expect, test } from "vitest";
import { cleanText } from "./clean-text.js";
import { amendError, isOttoError, OttoError } from "./otto-error.js";
import { Secret } from "./secret.js";

test("an error carries its code, hint, details and cause", () => {
  const cause = new Error("ECONNREFUSED");
  const error = new OttoError("SSH_CONNECT_FAILED", "connecting to a: refused", {
    hint: "Start sshd.",
    details: { port: 22 },
    cause,
  });
  expect(error).toMatchObject({
    code: "SSH_CONNECT_FAILED",
    hint: "Start sshd.",
    details: { port: 22 },
    cause,
    name: "OttoError",
  });
});

test("an error of another copy of the package is recognised by its brand", () => {
  const foreign = Object.assign(new Error("x"), { code: "A_B", [Symbol.for("otto.error")]: true });
  expect(isOttoError(foreign)).toBe(true);
  expect(isOttoError(foreign, "A_B")).toBe(true);
  expect(isOttoError(foreign, "C_D")).toBe(false);
});

test.each([undefined, null, "A_B", new Error("x"), { code: "A_B" }])("%s is not an OttoError", (value) => {
  expect(isOttoError(value)).toBe(false);
});

test("a secret shows itself only to reveal()", () => {
  const secret = new Secret("hunter2");
  expect([String(secret), JSON.stringify({ secret }), inspect(secret)].join()).not.toContain("hunter2");
  expect(secret.reveal()).toBe("hunter2");
});

test("text from outside loses escapes, control characters and bidi marks, and keeps tabs and newlines", () => {
  expect(cleanText("\u001b[31mred\u001b[0m\ta\r\nb\u0007\u202ec\u0000")).toBe("red\ta\nbc");
});

test("text from outside loses the secrets it is told", () => {
  expect(cleanText("token=hunter2;hunter2", [new Secret("hunter2"), new Secret("")])).toBe(
    "token=[redacted];[redacted]",
  );
});

test("an amended error is the same but for what is given", () => {
  const cause = new Error("x");
  const error = new OttoError("A_B", "message", { hint: "hint", details: { a: 1 }, cause });
  const options = { hint: "other", details: { a: 1 }, cause };
  expect(amendError(error, { hint: "other" })).toEqual(new OttoError("A_B", "message", options));
  expect(amendError(error, { details: { b: 2 } })).toMatchObject({
    code: "A_B",
    hint: "hint",
    details: { b: 2 },
    cause,
  });
  expect(amendError(error, { hint: undefined }).hint).toBeUndefined();
});
