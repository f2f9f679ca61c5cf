import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { wholeError } from "./whole-error.js";

test("hint and output become part of the message, the code stays", () => {
  const error = new OttoError("COMPOSE_UP_FAILED", "api failed", { hint: "Look.", details: { output: "one\ntwo\n" } });
  expect(wholeError(error)).toMatchObject({
    code: "COMPOSE_UP_FAILED",
    message: "api failed\n  | one\n  | two\nhint: Look.",
  });
});

test("another error is left as it is", () => {
  const error = new TypeError("x");
  expect(wholeError(error)).toBe(error);
});
