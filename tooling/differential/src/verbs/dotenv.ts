// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import fc from "fast-check";
import type { Verb } from "../verb.js";
import { type ConfigInput, openConfigBench } from "./compose-config.js";

const environment = { OUTER: "outer", A0: "from outside", EMPTY: "" };
const char = fc.constantFrom(
  ...["a", "b", " ", "#", " #", "$OUTER", "${A0}", "${A1}", "$A2", "${NONE:-d}", "${EMPTY-d}", "${EMPTY:-$OUTER}"],
  ...[
    "$$",
    "\\n",
    "\\0",
    "41",
    "377",
    "\\t",
    "\\\\",
    "=",
    ":",
    "é",
    ".",
    "$",
    "${",
    "}",
    "${A0",
    "$1",
    "\\$A0",
    "\\${A0}",
    "\\x",
    "\\u0041",
  ],
);
const chars = (more: readonly string[]) =>
  fc.array(fc.oneof(char, fc.constantFrom(...more)), { maxLength: 6 }).map((it) => it.join(""));
const value = fc.oneof(
  { weight: 5, arbitrary: chars(["'", '"', "\\", "\t"]).map((it) => it.replace(/^[\s'"]+/, "")) },
  { weight: 4, arbitrary: chars(["'", '\\"', "\n", "\\$"]).map((it) => `"${it}"`) },
  { weight: 4, arbitrary: chars(['"', "\n", "\\", "\\'"]).map((it) => `'${it}'`) },
  { weight: 1, arbitrary: chars(["'", '"', "\\", "\r"]) },
  { weight: 1, arbitrary: chars([" "]).map((it) => `"${it}" ${it}`) },
);
const statement = fc.record({
  prefix: fc.oneof(
    { weight: 6, arbitrary: fc.constant("") },
    { weight: 2, arbitrary: fc.constantFrom("export ", "  ", "\n# comment\n", "\t", "export\t", "#", "\n\n") },
  ),
  name: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("A0", "A1", "A2", "A3") },
    { weight: 1, arbitrary: fc.constantFrom("A.B", "A-B", "_", "a1", "1A", "A[0]", "É", "A B", "OUTER", "") },
  ),
  separator: fc.oneof(
    { weight: 6, arbitrary: fc.constant("=") },
    { weight: 2, arbitrary: fc.constantFrom(": ", " = ", ":", "= ", "\t=", "") },
  ),
  value,
});
const used = ["A0", "A1", "A2", "A3", "_", "a1", "OUTER"];

/** The variables of a `.env` file. */
export const dotenvVerb: Verb<ConfigInput> = {
  name: "dotenv",
  reference: "docker compose config",
  inputs: fc
    .record({
      statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
      mark: fc.oneof({ weight: 8, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constant("\uFEFF") }),
      newline: fc.constantFrom("\n", "\n", "\n", "\r\n"),
      end: fc.constantFrom("", "\n", "\r\nOUTER\n"),
    })
    .map(({ statements, mark, newline, end }) => {
      const lines = statements.map((it) => `${it.prefix}${it.name}${it.separator}${it.value}`);
      const values = used.map((name) => `\${${name}-none}`);
      return { values, dotenv: mark + lines.join(newline) + end, environment };
    }),
  batch: 4,
  open: openConfigBench,
};
