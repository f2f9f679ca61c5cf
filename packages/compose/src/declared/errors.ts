import { cleanText, OttoError } from "@otto/errors";
import { lastLine } from "./engine-text.js";
import type { PlacedStack } from "./stack.js";

/** Like Compose, `up` refuses to run with no service. */
export function requireService({ repo, project, files }: PlacedStack): void {
  if (files.services.some(({ enabled }) => enabled)) return;
  const profiles = [...new Set(files.services.flatMap((service) => service.profiles))];
  throw new OttoError("COMPOSE_NO_SERVICE", `bringing ${project} up: no service of ${repo.name} is selected`, {
    hint:
      profiles.length === 0
        ? "Declare a service in the Compose file."
        : `Name a profile: otto docker up --profile ${profiles[0]}. Declared: ${profiles.join(", ")}.`,
    details: { project, profiles },
  });
}

/** The error of an `up` that compose itself refused or broke off. @param options `directory`: where the stack lies on the parent */
export function upFailed(
  { parent, project }: PlacedStack,
  text: string,
  { directory, hint }: { readonly directory?: string; readonly hint?: string | undefined } = {},
): OttoError {
  // Files of the repo go by the names that they have there.
  const output = cleanText(directory === undefined ? text : text.replaceAll(`${directory}/repo/`, ""));
  return new OttoError(
    "COMPOSE_UP_FAILED",
    `docker compose up of ${project} on ${parent.id}: ${lastLine(output) || "it said nothing"}`,
    { hint, details: { host: parent.id, project, output } },
  );
}
