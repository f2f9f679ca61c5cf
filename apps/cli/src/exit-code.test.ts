import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-code.js";

test.each([
  [new OttoError("CLI_USAGE", "x"), 2],
  [new OttoError("CONFIG_UNKNOWN_KEY", "x"), 2],
  [new OttoError("LAB_UNKNOWN_HOST", "x"), 2],
  [new OttoError("BUILD_IMAGE_UNKNOWN", "x"), 2],
  [new OttoError("SSH_AUTH_FAILED", "x"), 1],
  [new OttoError("BUILD_FAILED", "x"), 1],
  [new Error("x"), 1],
  [undefined, 1],
])("%o ends with %i", (error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
