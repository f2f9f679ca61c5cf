// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { isOttoError } from "@otto/errors";
import { readRandomRun } from "@otto/lab";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorkstation, localConfig, readProject } from "./reference.js";

const environment = { SET: "s", EMPTY: "", PATHISH: "a/b" };

const name = fc.constantFrom("SET", "EMPTY", "NONE", "PATHISH", "FROM_FILE", "set");
const text = fc.string({ unit: fc.constantFrom("a", "/", "-", ":", "?", " ", "$$", "1", ".", "+"), maxLength: 4 });
const { template } = fc.letrec<{ template: string; part: string; braced: string }>((tie) => ({
  template: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
  part: fc.oneof(
    { depthSize: "small" },
    text,
    name.map((it) => `$${it}/`),
    name.map((it) => `\${${it}}`),
    tie("braced"),
  ),
  braced: fc
    .tuple(name, fc.constantFrom(":-", "-", ":+", "+"), tie("template"))
    .map(([variable, operator, operand]) => `\${${variable}${operator}${operand}}`),
}));

const { count: numRuns, seed, label } = readRandomRun("OTTO_CASES", 400);

test(`values with variables (${label}) are what Compose makes of them`, async () => {
  const templates = fc.sample(template, { numRuns, seed });
  expect(templates.filter((value) => value.includes("${")).length).toBeGreaterThan(numRuns / 2);
  const labels = templates.map((value, index) => `      l${index}: ${JSON.stringify(value)}\n`).join("");
  const images = templates.map((value, index) => `  s${index}: { image: ${JSON.stringify(`x${value}`)} }\n`).join("");
  const workstation = await createWorkstation({
    "compose.yml": `services:\n  labelled:\n    image: x\n    labels:\n${labels}${images}`,
    ".env": "FROM_FILE=file\nSET=overridden\n",
  });
  const config = await localConfig(workstation, ["compose.yml"], { environment });
  const project = await readProject(workstation, ["compose.yml"], { environment });
  const theirs = Object.entries(config.services as Record<string, { image: string }>);
  // The reference prints its own result as a compose file: a dollar is doubled.
  const ours = project.services.map(({ name: service, image }) => [service, image?.replaceAll("$", "$$$$")] as const);
  expect(new Map(ours)).toEqual(new Map(theirs.map(([service, { image }]) => [service, image])));
});

test.each([
  ["${NONE:?say why}", "COMPOSE_VARIABLE_UNSET"],
  ["${NONE?say why}", "COMPOSE_VARIABLE_UNSET"],
  ["${EMPTY:?say why}", "COMPOSE_VARIABLE_UNSET"],
  ["${SET:-${NONE:?nested}}x${NONE:?say why}", "COMPOSE_VARIABLE_UNSET"],
  ["${", "COMPOSE_FILE_INVALID"],
  ["${}", "COMPOSE_FILE_INVALID"],
  ["${1x}", "COMPOSE_FILE_INVALID"],
  ["a ${SET", "COMPOSE_FILE_INVALID"],
  ["${SET!x}", "COMPOSE_FILE_INVALID"],
])("%s is refused by Compose, and here as %s", async (value, code) => {
  const workstation = await createWorkstation({
    "compose.yml": `services:\n  api:\n    image: ${JSON.stringify(value)}\n`,
  });
  await expect(localConfig(workstation, ["compose.yml"], { environment })).rejects.toThrow(
    /interpolation format|required variable/,
  );
  const error = await readProject(workstation, ["compose.yml"], { environment }).catch((reason: unknown) => reason);
  expect(isOttoError(error, code)).toBe(true);
  expect(String(error)).toContain("compose.yml:3 services.api.image");
});
