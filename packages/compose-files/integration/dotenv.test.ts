// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { isOttoError } from "@otto/errors";
import { readRandomRun } from "@otto/lab";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorkstation, localConfig, readProject } from "./reference.js";

const environment = { OUTER: "outer", A0: "from outside" };
const char = fc.constantFrom(
  "a",
  "b",
  " ",
  "#",
  "$OUTER",
  "${A0}",
  "${NONE:-d}",
  "$$",
  "\\n",
  "\\t",
  "\\\\",
  "\\0",
  "41",
  "377",
  "=",
  ":",
  "é",
  ".",
);
const chars = (more: readonly string[]) =>
  fc.array(fc.oneof(char, fc.constantFrom(...more)), { maxLength: 6 }).map((it) => it.join(""));
const value = fc.oneof(
  chars(["'", '"', "\\"]).map((it) => it.replace(/^[\s'"]+/, "")),
  chars(["'", '\\"', "\n", "\\$"]).map((it) => `"${it}"`),
  chars(['"', "\n", "\\"])
    .filter((it) => !it.endsWith("\\"))
    .map((it) => `'${it}'`),
);
const statement = fc.record({
  prefix: fc.constantFrom("", "export ", "  ", "\n# comment\n"),
  separator: fc.constantFrom("=", ": ", " = "),
  value,
});

const { count: numRuns, seed, label } = readRandomRun("OTTO_CASES", 300);

test(`a .env file's variables (${label}) are what Compose makes of them`, async () => {
  const statements = fc.sample(statement, { numRuns, seed });
  const lines = statements.map((it, index) => `${it.prefix}A${index}${it.separator}${it.value}`);
  const services = lines.map((_, index) => `  s${index}: { image: "x\${A${index}}" }\n`).join("");
  const workstation = await createWorkstation({
    "compose.yml": `services:\n${services}`,
    ".env": `\uFEFF${lines.join("\n")}\r\nOUTER\n`,
  });
  const config = await localConfig(workstation, ["compose.yml"], { environment });
  const project = await readProject(workstation, ["compose.yml"], { environment });
  const theirs = Object.entries(config.services as Record<string, { image: string }>);
  const ours = project.services.map(({ name, image }) => [name, image?.replaceAll("$", "$$$$")] as const);
  expect(new Map(ours)).toEqual(new Map(theirs.map(([name, { image }]) => [name, image])));
});

test.each(['A="open', "A='open", "B=1\nA!=x", "A B=1", "A=${OUTER", "A=${NONE:?why}"])(
  "%j is refused, with its line",
  async (text) => {
    const workstation = await createWorkstation({
      "compose.yml": "services: { api: { image: x } }\n",
      ".env": text,
    });
    await expect(localConfig(workstation, ["compose.yml"], { environment })).rejects.toThrow(
      /line|required variable|Invalid template/,
    );
    const error = await readProject(workstation, ["compose.yml"], { environment }).catch((reason: unknown) => reason);
    const code = text.includes("?") ? "COMPOSE_VARIABLE_UNSET" : "COMPOSE_FILE_INVALID";
    expect(isOttoError(error, code)).toBe(true);
    expect(String(error)).toContain(`.env:${text.split("\n").length}`);
  },
);
