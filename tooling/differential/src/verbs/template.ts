// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import fc from "fast-check";
import type { Verb } from "../verb.js";
import { type ConfigInput, openConfigBench } from "./compose-config.js";

const environment = { SET: "s", EMPTY: "", PATHISH: "a/b", DOLLAR: "$SET" };

const name = fc.constantFrom("SET", "EMPTY", "NONE", "PATHISH", "FROM_FILE", "set", "DOLLAR", "_a1");
const plain = fc.string({
  unit: fc.constantFrom("a", "/", "-", ":", "?", " ", "$$", "1", ".", "+", "{{", "}}", "é", "{", "}", "{}"),
  maxLength: 4,
});
const broken = fc.constantFrom("$", "${", "${}", "${1x}", "${SET", "${SET!x}", "$1", "$-", "${SET:}", "${SET:x}", "}");
const { template } = fc.letrec<{ template: string; part: string; braced: string }>((tie) => ({
  template: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
  part: fc.oneof(
    { depthSize: "small" },
    { weight: 4, arbitrary: plain },
    { weight: 3, arbitrary: name.map((it) => `$${it}/`) },
    { weight: 4, arbitrary: name.map((it) => `\${${it}}`) },
    { weight: 6, arbitrary: tie("braced") },
    { weight: 1, arbitrary: fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: broken }) },
  ),
  braced: fc
    .tuple(name, fc.constantFrom(":-", "-", ":+", "+", ":-", "-", ":+", "+", ":?", "?"), tie("template"))
    .map(([variable, operator, operand]) => `\${${variable}${operator}${operand}}`),
}));

/** Values with variables in a compose file. */
export const templateVerb: Verb<ConfigInput> = {
  name: "template",
  reference: "docker compose config",
  inputs: fc.array(template, { minLength: 1, maxLength: 3 }).map((values) => ({
    values,
    dotenv: "FROM_FILE=file\nSET=overridden\n",
    environment,
  })),
  batch: 4,
  open: openConfigBench,
};
