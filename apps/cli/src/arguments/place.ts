import { checkOnNames, describeMissing, missingDefaultHosts, parseOn, selectRepos } from "@otto/config";
import type { Lab, Parent, Repo } from "@otto/docker";
import { isOttoError } from "@otto/errors";
import type { RepoPart } from "@otto/host-registry";
import type { Session } from "../session.js";
import type { PlaceOptions } from "./option.js";
import { nameParent } from "./parent-name.js";

/** A parent, and what of a repo belongs on it. */
export interface Place {
  readonly lab: Lab;
  /** With the `[[docker.composes]]` of this parent alone. */
  readonly repo: Repo;
  /** With all of them. */
  readonly whole: Repo;
  readonly parent: Parent;
  /** `--on`, for calls on `repo`. Undefined where that is one of several parts of a repo: it says by itself where it belongs. */
  readonly on: string | undefined;
  /** What is to be said of a parent that stands in for a default host which the lab does not have. */
  readonly warning: string | undefined;
}

interface PlaceChoice {
  /** Whether what is not there yet is made: of several hosts with a role on one that is free. Default false. */
  readonly makes?: boolean;
}

/**
 * The repos to work on, each once for every parent that something of it belongs on. Of several, one that has no parent in this
 * lab is named as skipped.
 *
 * @throws `CONFIG_NO_REPO`, `CONFIG_UNKNOWN_REPO`, `LAB_ON_INVALID`, `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`,
 * `LAB_ROLE_MISSING`, `LAB_NO_PARENT`
 */
export async function findPlaces(
  session: Session,
  options: PlaceOptions,
  { makes = false }: PlaceChoice = {},
): Promise<Place[]> {
  const lab = await session.lab();
  const repos = selectRepos(lab.repos, options.repo);
  checkOnNames(repos, parseOn(options.on));
  if (makes) {
    const { preferFreeHosts } = await import("@otto/docker");
    await Promise.all(repos.map((repo) => preferFreeHosts(repo, lab, { on: options.on, signal: session.signal })));
  }
  const skipped: { readonly repo: Repo; readonly error: Error }[] = [];
  const places: Place[] = [];
  for (const repo of repos) {
    try {
      const parts = lab.partsOf(repo, options.on);
      const on = parts.length > 1 ? undefined : options.on;
      places.push(
        ...parts.map((part) => ({ lab, ...part, whole: repo, on, warning: warningOf(lab, part, options.on) })),
      );
    } catch (error) {
      if (!isOttoError(error, "LAB_NO_PARENT")) throw error;
      skipped.push({ repo, error });
    }
  }
  const [first] = skipped;
  if (first && places.length === 0) throw first.error;
  for (const { repo, error } of skipped) {
    session.reporter.item(`${repo.name}  skipped (${error.message})`, {
      type: "skipped",
      repo: repo.name,
      message: error.message,
    });
  }
  return places;
}

function warningOf(lab: Lab, { repo, parent }: RepoPart, on: string | undefined): string | undefined {
  const missing = missingDefaultHosts(repo, lab.data, on);
  return missing.length === 0 ? undefined : `${describeMissing(missing, lab.data)}: ${parent.id} is used instead`;
}

/** Says that a parent stands in for a default host that the lab does not have. */
export function warnOfStandIn({ reporter }: Session, { repo, warning }: Place): void {
  if (warning !== undefined) reporter.notice("warn", `${repo.name}: ${warning}`);
}

/** The title of what would be done at a place. */
export function headPlan({ reporter }: Session, { repo, lab, parent }: Pick<Place, "repo" | "lab" | "parent">): void {
  reporter.heading(`${repo.name} on ${nameParent(lab, parent)}`);
}
