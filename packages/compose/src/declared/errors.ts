import { cleanText, type Json, OttoError } from "@otto/errors";
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

export interface UpFailure {
  /** Where the stack lies on the parent. */
  readonly directory?: string | undefined;
  readonly hint?: string | undefined;
  /** The command of `docker compose` that was asked for. Default `up`. */
  readonly verb?: string | undefined;
  /** Which service, and why; default: the last line of what compose said. */
  readonly reason?: string | undefined;
  /** More about the services. */
  readonly lines?: readonly string[] | undefined;
  /** The same for `details`. */
  readonly failure?: Readonly<Record<string, Json>> | undefined;
}

/** The error of an `up` that compose itself refused or broke off. */
export function upFailed({ parent, project }: PlacedStack, text: string, failed: UpFailure = {}): OttoError {
  const { directory, hint, lines = [], verb = "up", failure } = failed;
  // Files of the repo go by the names that they have there.
  const shorten = (words: string) => (directory === undefined ? words : words.replaceAll(`${directory}/repo/`, ""));
  const output = cleanText(shorten(text));
  const reason = failed.reason ?? (lastLine(output) || "it said nothing");
  return new OttoError(
    "COMPOSE_UP_FAILED",
    [`docker compose ${verb} of ${project} on ${parent.id}: ${shorten(reason)}`, ...lines.map(shorten)].join("\n"),
    { hint, details: { host: parent.id, project, output, ...failure } },
  );
}
