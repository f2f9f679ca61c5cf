import { expect, test } from "vitest";
import { instruction } from "./instruction.js";
import type { InstructionOptions } from "./option.js";
import { readOptionValues } from "./option-values.js";

const options = {
  times: { type: "number", default: 1 },
  color: { type: "string", choices: ["red", "blue"] },
  tag: { type: "string", multiple: true },
  dryIce: { type: "boolean" },
  target: { type: "string", required: true },
} as const satisfies InstructionOptions;

const read = (given: Record<string, unknown>) => readOptionValues("smoke", options, given);

test("what is absent has its default, a list is empty and a boolean false", () => {
  expect(read({ target: "a" })).toEqual({ times: 1, color: undefined, tag: [], dryIce: false, target: "a" });
});

test("text from a command line is read as the option's type", () => {
  expect(read({ target: "a", times: "3", tag: ["x", "y"] })).toMatchObject({ times: 3, tag: ["x", "y"] });
});

test.each([
  [{ target: "a", times: "three" }, "INSTRUCTION_OPTION_INVALID", "It takes: number."],
  [{ target: "a", times: "" }, "INSTRUCTION_OPTION_INVALID", "It takes: number."],
  [{ target: "a", color: "green" }, "INSTRUCTION_OPTION_INVALID", "It takes: red | blue."],
  [{ target: "a", color: "bleu" }, "INSTRUCTION_OPTION_INVALID", "Did you mean blue? It takes: red | blue."],
  [{ target: 5 }, "INSTRUCTION_OPTION_INVALID", "It takes: string."],
  [{ target: "a", dryIce: "yes" }, "INSTRUCTION_OPTION_INVALID", "It takes: boolean."],
  [{}, "INSTRUCTION_OPTION_MISSING", "--target <string>"],
  [{ target: "a", tmies: 3 }, "INSTRUCTION_OPTION_UNKNOWN", "Did you mean --times?"],
  [{ target: "a", dryIse: true }, "INSTRUCTION_OPTION_UNKNOWN", "Did you mean --dry-ice?"],
])("%j is refused with %s", (given, code, hint) => {
  expect(() => read(given)).toThrow(expect.objectContaining({ code, hint: expect.stringContaining(hint) }));
});

test("a definition that no command line could serve is its author's mistake", () => {
  const define = (given: InstructionOptions) => () => instruction({ description: "x", options: given }, () => {});
  expect(define({ "no-camel": { type: "string" } })).toThrow(TypeError);
  expect(define({ color: { type: "string", choices: ["red"], default: "blue" } })).toThrow(TypeError);
});

test("a body's options are typed by their definition", () => {
  const { body } = instruction({ description: "x", options }, ({ options: values }) => {
    const times: number = values.times;
    const color: "red" | "blue" | undefined = values.color;
    const tag: readonly string[] = values.tag;
    const dryIce: boolean = values.dryIce;
    const target: string = values.target;
    return [times, color, tag, dryIce, target];
  });
  expect(body({ options: read({ target: "a" }) } as never)).toEqual([1, undefined, [], false, "a"]);
});

test("an option with the name of an object's own property is absent like any other", () => {
  const odd = { constructor: { type: "string" }, toString: { type: "string", required: true } } as const;
  expect(() => readOptionValues("smoke", odd, {})).toThrow(
    expect.objectContaining({ code: "INSTRUCTION_OPTION_MISSING" }),
  );
  expect(readOptionValues("smoke", odd, { toString: "x" })).toEqual({ constructor: undefined, toString: "x" });
});
