import { instruction } from "@otto/instructions";
import { expect, test } from "vitest";
import { readInstructionArguments } from "./instruction-arguments.js";

const options = {
  maxTimes: { type: "number", default: 1, description: "how often" },
  tag: { type: "string", multiple: true },
  clean: { type: "boolean", default: true },
  dry: { type: "boolean" },
} as const;
const read = (...words: string[]) =>
  readInstructionArguments({ name: "smoke", instruction: instruction({ description: "x", options }, () => {}) }, words);

test("words become options by name, as text", () => {
  expect(read("--max-times", "3", "--tag", "a", "--tag=b", "--no-clean", "--dry")).toEqual({
    given: { maxTimes: "3", tag: ["a", "b"], clean: false, dry: true },
  });
});

test("what is not given is left to the instruction", () => {
  expect(read()).toEqual({ given: { clean: true } });
});

test.each([
  [["--max-tims", "3"], "Did you mean --max-times?"],
  [["word"], "See otto run smoke --help."],
  [["--tag"], "See otto run smoke --help."],
])("%j is a wrong use", (words, hint) => {
  expect(() => read(...words)).toThrow(expect.objectContaining({ code: "CLI_USAGE", hint }));
});

test("help shows each option with what it takes", () => {
  const shown = read("--help");
  expect(shown).toMatchObject({ help: expect.stringMatching(/^Usage: otto run smoke \[options\]/) });
  expect(shown).toMatchObject({ help: expect.stringMatching(/--max-times <number> +how often \(default: 1\)/) });
});
