import { OttoError } from "@otto/errors";
import { composeRepo, findComposeFiles } from "./compose-repo.js";
import type { Repo } from "./repo.js";
import { loadRepo } from "./repo-loading.js";
import { findRepoRoots, type RepoSearch } from "./repo-search.js";

/**
 * Reads every repository that a search finds; where it finds none, the project of the Compose files that `docker compose`
 * would take, if there are any.
 *
 * @throws what {@link loadRepo} throws, and `CONFIG_REPEATED_REPO` when two have one name: their images, stacks and hosts
 * would be taken for each other's
 */
export async function loadRepos(search: RepoSearch & { readonly home: string }): Promise<Repo[]> {
  const roots = await findRepoRoots(search);
  if (roots.length === 0) {
    const files = await findComposeFiles(search);
    return files.length === 0 ? [] : [await composeRepo(files)];
  }
  const repos = await Promise.all(roots.map((root) => loadRepo(root, search)));
  refuseRepeatedNames(repos);
  return repos;
}

function refuseRepeatedNames(repos: readonly Repo[]): void {
  for (const [index, { name, root, settingsFile }] of repos.entries()) {
    // Ids of container hosts are in lower case.
    const first = repos.find((other) => other.name.toLowerCase() === name.toLowerCase());
    if (first === undefined || first === repos[index]) continue;
    throw new OttoError("CONFIG_REPEATED_REPO", `reading ${root}: its name ${name} is that of ${first.root} too`, {
      hint: `Change \`name\` in ${settingsFile}, or leave one of the two out of OTTO_SUT_DIRS.`,
      details: { name, roots: [first.root, root] },
    });
  }
}
