import { sep } from "node:path";
import { type Repo, selectRepos } from "@otto/docker";
import { OttoError } from "@otto/errors";

/**
 * The repo whose suite this is: the one of this name, else the one that holds `cwd`, else the only one. Pure.
 * @throws OttoError `CONFIG_NO_REPO`, `CONFIG_UNKNOWN_REPO`, `VITEST_REPO_AMBIGUOUS`
 */
export function suiteRepo(repos: readonly Repo[], { name, cwd }: { name?: string | undefined; cwd: string }): Repo {
  const selected = selectRepos(repos, name);
  const holding = selected.filter(({ root }) => cwd === root || cwd.startsWith(root + sep));
  const [repo] = holding.sort((a, b) => b.root.length - a.root.length);
  const [only, other] = selected;
  if (repo !== undefined) return repo;
  if (only !== undefined && other === undefined) return only;
  const known = selected.map((candidate) => candidate.name);
  throw new OttoError("VITEST_REPO_AMBIGUOUS", `choosing the repository of a suite in ${cwd}: none of them holds it`, {
    hint: `Name one with the option repo: ${known.join(", ")}.`,
    details: { cwd, known },
  });
}
