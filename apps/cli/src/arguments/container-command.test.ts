import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { toExecCommand, toRunCommands, toSequence } from "./container-command.js";

test.each([
  [
    ["ls", "-l", "a b"],
    ["ls", "-l", "a b"],
  ],
  [["/bin/true"], ["/bin/true"]],
  [["exit 4"], "exit 4"],
  [["echo $HOME"], "echo $HOME"],
  [["a|b"], "a|b"],
])("exec %j runs %j", (words, expected) => {
  expect(toExecCommand(words)).toEqual(expected);
});

test.each([
  [["ls"], ["ls"]],
  [
    ["cd /tmp", "ls -la"],
    ["cd /tmp", "ls -la"],
  ],
  [
    ["X=1", "echo $X"],
    ["X=1", "echo $X"],
  ],
  [["ls", "/data"], ["ls /data"]],
  [["echo", "a b", "it's"], ["echo 'a b' 'it'\\''s'"]],
  [["sh", "-c", "exit 3"], ["sh -c 'exit 3'"]],
])("run %j means the command lines %j", (words, expected) => {
  expect(toRunCommands(words)).toEqual(expected);
});

function inShell(line: string) {
  return execFileSync("/bin/sh", ["-c", `${line}; printf ' %s' $?`], { encoding: "utf8" });
}

test("a sequence keeps what a command line sets", () => {
  expect(inShell(toSequence(["cd /usr", "X='a b'", 'printf "%s %s" "$PWD" "$X"']))).toBe("/usr a b 0");
});

test("a sequence stops at the first command line that fails, with its exit code", () => {
  expect(inShell(toSequence(["printf a", "(exit 3)", "printf b"]))).toBe("a 3");
});

test("a single command line stays as it is", () => {
  expect(toSequence(["a && b"])).toBe("a && b");
});
