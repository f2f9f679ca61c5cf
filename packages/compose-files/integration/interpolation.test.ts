// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { createWorkstation, localConfig, readProject } from "./reference.js";

const environment = { SET: "s", EMPTY: "", PATHISH: "a/b" };

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
