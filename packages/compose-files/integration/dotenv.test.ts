// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { createWorkstation, localConfig, readProject } from "./reference.js";

const environment = { OUTER: "outer", A0: "from outside" };

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
