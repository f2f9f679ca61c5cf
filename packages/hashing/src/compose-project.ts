import { createHash } from "node:crypto";
import { OttoError } from "@otto/errors";

const longestPart = 80;

/**
 * `otto-<repoName>-<suffix>`, always a valid compose project name. A part that has to be changed for that (letters that
 * are not lower case, dots, a name that is too long) gets eight digits of its own hash, so that two names that look
 * alike afterwards stay apart.
 *
 * @see https://docs.docker.com/compose/how-tos/project-name/
 */
export function composeProjectName(repoName: string, suffix: string): string {
  return `otto-${composeProjectPart(repoName)}-${composeProjectPart(suffix)}`;
}

/** A text as a part of a Compose project name: as it is where it fits, else with what tells it from others. */
export function composeProjectPart(text: string): string {
  const part = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .slice(0, longestPart)
    .replace(/^-+|-+$/g, "");
  if (part === text && part !== "") return part;
  const digits = createHash("sha256").update(text, "utf16le").digest("hex").slice(0, 8);
  return part === "" ? digits : `${part}-${digits}`;
}

/** A directory and lock files on the parent are named after the project, with a suffix each. */
const longestName = 200;

/**
 * Refuses what `docker compose -p` refuses, and an empty name, for which Compose would take that of a directory.
 * @returns the name
 * @throws COMPOSE_PROJECT_INVALID also when it is longer than 200 characters, which Compose allows
 */
export function checkProjectName(name: string): string {
  const reason = projectRefusal(name);
  if (reason === undefined) return name;
  throw new OttoError("COMPOSE_PROJECT_INVALID", `invalid Compose project name ${shorten(name)}: ${reason}`, {
    hint: "Use lower case letters, digits, '-' and '_', beginning with a letter or digit.",
    details: { project: name },
  });
}

function projectRefusal(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > longestName) return `it has ${name.length} characters, at most ${longestName} are allowed`;
  return /^[a-z0-9][a-z0-9_-]*$/.test(name) ? undefined : "Compose does not allow it";
}

function shorten(name: string): string {
  return JSON.stringify(name.length > longestName ? `${name.slice(0, 40)}…` : name);
}
