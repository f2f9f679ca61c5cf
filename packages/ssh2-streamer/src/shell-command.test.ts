import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatShellCommand } from "./shell-command.js";

const shells = [
  { program: "sh", args: [] },
  { program: "dash", args: [] },
  { program: "bash", args: [] },
  { program: "busybox", args: ["sh"] },
];
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-shell-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

// Bytes enter as Latin-1 characters, so that every byte but NUL is tried, valid UTF-8 or not.
const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((array) => Buffer.from(array.map((byte) => byte || 1)).toString("latin1"));
const nasty = fc.constantFrom(
  "'",
  "\\",
  "\n",
  "\r",
  "$(id)",
  "`id`",
  '"',
  "!",
  "~",
  "*",
  "-n",
  "%s",
  "\u0001",
  "\u007f",
  "",
);
const argument = fc.oneof(
  bytes,
  nasty,
  fc.array(nasty).map((parts) => parts.join("")),
);

test.each(shells)("$program gets every byte as it is", ({ program, args }) => {
  const script = join(directory, `script-${program}`);
  let arguments_ = 0;
  const property = fc.property(
    fc.array(fc.array(argument, { minLength: 1, maxLength: 8 }), { minLength: 40, maxLength: 40 }),
    (commands) => {
      const lines = commands.map((argv) => formatShellCommand(["printf", "%s\\0", ...argv]));
      writeFileSync(script, Buffer.from(`${lines.join("\n")}\n`, "latin1"));
      const output = execFileSync(program, [...args, script], { env: { ...process.env, LC_ALL: "C" } });
      const expected = commands.flat();
      arguments_ += expected.length;
      expect(output.toString("latin1").split("\0").slice(0, -1)).toEqual(expected);
    },
  );
  fc.assert(property, { numRuns: 10 });
  expect(arguments_).toBeGreaterThan(1000);
});

test("an argument with NUL and an empty command are the caller's mistakes", () => {
  expect(() => formatShellCommand(["a\0b"])).toThrow(TypeError);
  expect(() => formatShellCommand([])).toThrow(TypeError);
});
