import { expect, test } from "vitest";
import { formatShellCommand } from "./shell-command.js";

test("an argument with NUL and an empty command are the caller's mistakes", () => {
  expect(() => formatShellCommand(["a\0b"])).toThrow(TypeError);
  expect(() => formatShellCommand([])).toThrow(TypeError);
});
