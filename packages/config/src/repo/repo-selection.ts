import { nearestWord, OttoError } from "@otto/errors";
import type { Repo } from "./repo.js";

/**
 * The repos to work on: the one of this name, else all.
 *
 * @throws `CONFIG_NO_REPO` when there are none, `CONFIG_UNKNOWN_REPO` listing those there are
 */
export function selectRepos(repos: readonly Repo[], name?: string): readonly Repo[] {
  if (repos.length === 0) {
    throw new OttoError("CONFIG_NO_REPO", "looking for a repository: no .otto directory here or above", {
      hint: "Go to a repository with .otto/settings.toml, name its root in OTTO_SUT_DIRS, or make one here: otto init",
    });
  }
  if (name === undefined) return repos;
  const selected = repos.filter((repo) => repo.name === name);
  if (selected.length > 0) return selected;
  const known = repos.map((repo) => repo.name);
  const near = nearestWord(name, known);
  throw new OttoError("CONFIG_UNKNOWN_REPO", `looking for the repository ${name}: there is none of that name`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Known repositories: ${known.join(", ")}.`,
    details: { repo: name, known },
  });
}
