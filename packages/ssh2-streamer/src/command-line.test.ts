import { expect, test } from "vitest";
import { createPidFilter, formatCommandLine, summarizeCommand } from "./command-line.js";

test("the line replaces the login shell and passes the command as arguments", () => {
  expect(formatCommandLine(["a", "b c"], { tellsPid: false })).toBe(`exec '/bin/sh' '-c' 'exec "$@"' 'otto' 'a' 'b c'`);
});

test("the directory and the variables go before the command", () => {
  expect(formatCommandLine(["a"], { tellsPid: false, cwd: "/x y", env: { K: "v" } })).toBe(
    `exec 'env' 'K=v' '/bin/sh' '-c' 'cd -- "$1" || exit 126; shift; exec "$@"' 'otto' '/x y' 'a'`,
  );
});

test("an empty command and a variable's name with an equals sign are the caller's mistakes", () => {
  expect(() => formatCommandLine([], { tellsPid: false })).toThrow(TypeError);
  expect(() => formatCommandLine(["a"], { tellsPid: false, env: { "A=B": "" } })).toThrow(TypeError);
});

test("a long command is cut in messages", () => {
  expect(summarizeCommand(["sh", "-c", "x\n".repeat(100)])).toHaveLength(60);
});

function filter(chunks: readonly string[]): { pid: number | undefined; passed: string } {
  let pid: number | undefined;
  const pidFilter = createPidFilter((seen) => {
    pid = seen;
  });
  const passed = [...chunks.map((chunk) => pidFilter.push(Buffer.from(chunk))), pidFilter.flush()];
  return { pid, passed: Buffer.concat(passed).toString() };
}

test.each([
  ["in one piece", ["<otto-process 12>\nerr"], 12, "err"],
  ["cut anywhere", ["<otto-pro", "cess 1", "2>", "\ner", "r"], 12, "err"],
  ["after what a profile said", ["hello\n<otto-process 7>\n"], 7, "hello\n"],
  ["only once", ["<otto-process 7>\n<otto-process 8>\n"], 7, "<otto-process 8>\n"],
  ["or not at all", ["plain ", "text"], undefined, "plain text"],
])("the process id is taken out %s", (_, chunks, pid, passed) => {
  expect(filter(chunks)).toEqual({ pid, passed });
});

test("a stderr that never tells is passed on after 64 KiB", () => {
  expect(filter(["x".repeat(70_000), "y"]).passed).toHaveLength(70_001);
});
