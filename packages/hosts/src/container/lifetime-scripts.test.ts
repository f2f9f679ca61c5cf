import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSpareRequest, isPlainVariable, type SpareRequest } from "./lifetime-scripts.js";

const format = (request: Omit<SpareRequest, "hasStdin">) => formatSpareRequest({ ...request, hasStdin: false });

/** What a shell makes of a request: its directory, one variable and its words, each with a bar behind it. */
function read(request: string): string {
  const script = `
otto_newline='
'
otto_workdir=/usr
IFS= read -r otto_request
eval "$otto_request" && printf '%s|' "$PWD" "$VALUE" "$@"`;
  return execFileSync("/bin/sh", ["-c", script], { input: request, encoding: "utf8", env: { VALUE: "old" } });
}

const text = fc.string({
  unit: fc.constantFrom("a", " ", "\n", "'", '"', "\\", "$", "`", "*", "\r", "é", "\u{1f41f}", "|", "~"),
});

test("a request reaches a shell as it is, whatever its words and variables hold", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (argv, value) => {
      const request = format({ argv, env: { VALUE: value } }) ?? "";
      expect(read(request)).toBe(["/usr", value, ...argv].map((word) => `${word}|`).join(""));
    }),
    { numRuns: 30 },
  );
});

test("a request names its directory, and makes nothing of one that is not there", () => {
  expect(read(format({ argv: ["x"], env: {}, workdir: "/etc" }) ?? "")).toBe("/etc|old|x|");
  expect(() => read(format({ argv: ["x"], env: {}, workdir: "/no/such" }) ?? "")).toThrow("Command failed");
});

test("what a running shell would not pass on as it is, or only slowly, is no request", () => {
  const argv = ["true"];
  expect(format({ argv: ["x".repeat(20_000)], env: {} })).toBeUndefined();
  expect(format({ argv, env: {}, workdir: "tmp" })).toBeUndefined();
  expect(format({ argv, env: { A: "a\0b" } })).toBeUndefined();
  expect(format({ argv, env: { PWD: "/" } })).toBeUndefined();
  expect(format({ argv, env: { HOME: "" } })).toBeUndefined();
});

test.each(["PATH", "HOME", "TERM", "DEBUG", "a", "_A1", "NODE_ENV", "HTTP_PROXY"])("%s is a plain variable", (name) => {
  expect(isPlainVariable(name)).toBe(true);
});

test.each(["a-b", "1a", "", "a=b", "PWD", "OLDPWD", "IFS", "UID", "LC_ALL", "BASH_ENV", "_", "otto_mark"])(
  "%j is none",
  (name) => expect(isPlainVariable(name)).toBe(false),
);
