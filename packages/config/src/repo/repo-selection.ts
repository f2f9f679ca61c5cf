import { nearestWord, OttoError } from "@otto/errors";
import type { Repo } from "./repo.js";

/**
 * The repos to work on: the one of this name, else all.
 *
 * @throws `CONFIG_NO_REPO` when there are none, `CONFIG_UNKNOWN_REPO` listing those there are
 */
export function selectRepos(repos: readonly Repo[], name?: string): readonly Repo[] {
  if (repos.length === 0) {
    throw new OttoError(
      "CONFIG_NO_REPO",
      "looking for a repository: no .otto directory and no Compose file here or above",
      {
        hint: "Go to a directory with a compose.yaml or .otto/settings.toml, name a repository in OTTO_SUT_DIRS, or start one here: otto init",
      },
    );
  }
  if (name === undefined) return repos;
  return [findNamed(repos, name)];
}

/**
 * One repo: the one of this name, else the only one.
 *
 * @throws what {@link selectRepos} throws, and `CONFIG_REPO_AMBIGUOUS` when there are several and no name chooses
 */
export function findRepo(repos: readonly Repo[], name?: string): Repo {
  const [repo, ...others] = selectRepos(repos, name);
  if (repo !== undefined && others.length === 0) return repo;
  const known = repos.map((it) => it.name);
  throw new OttoError("CONFIG_REPO_AMBIGUOUS", `choosing a repository: there are ${known.length}`, {
    hint: `Name one: ${known.join(", ")}.`,
    details: { known },
  });
}

function findNamed(repos: readonly Repo[], name: string): Repo {
  const selected = repos.find((repo) => repo.name === name);
  if (selected !== undefined) return selected;
  const known = repos.map((repo) => repo.name);
  const near = nearestWord(name, known);
  throw new OttoError("CONFIG_UNKNOWN_REPO", `looking for the repository ${name}: there is none of that name`, {
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Known repositories: ${known.join(", ")}.`,
    details: { repo: name, known },
  });
}
