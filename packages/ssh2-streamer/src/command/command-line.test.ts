import { expect, test } from "vitest";
import { formatCommandLine, summarizeCommand } from "./command-line.js";

test("the line replaces the login shell and passes the command as arguments", () => {
  expect(formatCommandLine(["a", "b c"], {})).toBe(`exec '/bin/sh' '-c' 'exec "$@"' 'otto' 'a' 'b c'`);
});

test("the directory and the variables go before the command", () => {
  expect(formatCommandLine(["a"], { cwd: "/x y", env: { K: "v" } })).toBe(
    `exec 'env' 'K=v' '/bin/sh' '-c' 'cd -- "$1" || exit 126; shift; exec "$@"' 'otto' '/x y' 'a'`,
  );
});

test("an empty command and a variable's name with an equals sign are the caller's mistakes", () => {
  expect(() => formatCommandLine([], {})).toThrow(TypeError);
  expect(() => formatCommandLine(["a"], { env: { "A=B": "" } })).toThrow(TypeError);
});

test("a long command is cut in messages", () => {
  expect(summarizeCommand(["sh", "-c", "x\n".repeat(100)])).toHaveLength(60);
});
