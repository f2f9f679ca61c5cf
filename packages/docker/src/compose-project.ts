import { userInfo } from "node:os";
import { composeProjectName } from "@otto/hashing";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The Compose project name of a repo for this user: `otto-<repoName>-<suffix>`, always valid for Compose.
 * @param suffix default: `OTTO_COMPOSE_SUFFIX`, else the OS user's name, `anon` if unknown
 * @param env default: this process's environment
 */
export function getUserComposeProject(repoName: string, suffix?: string, env: Environment = process.env): string {
  return composeProjectName(repoName, suffix || env.OTTO_COMPOSE_SUFFIX || userName());
}

function userName(): string {
  try {
    return userInfo().username || "anon";
  } catch {
    // An id without a line in the user database.
    return "anon";
  }
}
