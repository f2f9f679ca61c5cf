import { expect, test } from "vitest";
import { createProgram } from "../program/program.js";
import { shortForms } from "../program/subcommand.js";
import { nameLab } from "./error-text.js";

const program = createProgram("1", () => {}, { writeOut: () => {}, writeErr: () => {}, columns: 80 });

test.each(shortForms(program).map((verb) => verb.name()))("a hint with otto %s names the lab of the line", (verb) => {
  const text = { code: "HOST_UNKNOWN", message: "message", hint: `otto ${verb} web` };
  expect(nameLab(text, "veg").hint).toBe(`otto --lab veg ${verb} web`);
});
