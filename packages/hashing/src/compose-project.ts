import { createHash } from "node:crypto";

const longestPart = 80;

/**
 * `otto-<repoName>-<suffix>`, always a valid compose project name. A part that has to be changed for that (letters that
 * are not lower case, dots, a name that is too long) gets eight digits of its own hash, so that two names that look
 * alike afterwards stay apart.
 *
 * @see https://docs.docker.com/compose/how-tos/project-name/
 */
export function composeProjectName(repoName: string, suffix: string): string {
  return `otto-${projectPart(repoName)}-${projectPart(suffix)}`;
}

function projectPart(text: string): string {
  const part = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .slice(0, longestPart)
    .replace(/^-+|-+$/g, "");
  if (part === text && part !== "") return part;
  const digits = createHash("sha256").update(text, "utf16le").digest("hex").slice(0, 8);
  return part === "" ? digits : `${part}-${digits}`;
}
