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
  /**
   * For calls on `repo`: the parent's id. Undefined where the repo is that of one of several parts, which says by itself where it
   * belongs, and where the parent stands in for another, on which nothing may be taken down.
   */
  readonly on: string | undefined;
  /** What is to be said of a parent that stands in for a default host which the lab does not have. */
  readonly warning: string | undefined;
}

/**
 * The repos to work on, each once for every parent that something of it belongs on. Of several, one that has no parent in this
 * lab is named as skipped.
 *
 * @throws `CONFIG_NO_REPO`, `CONFIG_UNKNOWN_REPO`, `LAB_ON_INVALID`, `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`,
 * `LAB_ROLE_MISSING`, `LAB_NO_PARENT`
 */
export async function findPlaces(session: Session, options: PlaceOptions): Promise<Place[]> {
  const lab = await session.lab();
  const repos = selectRepos(lab.repos, options.repo);
  checkOnNames(repos, parseOn(options.on));
  const skipped: { readonly repo: Repo; readonly error: Error }[] = [];
  const places: Place[] = [];
  for (const repo of repos) {
    try {
      const parts = lab.partsOf(repo, options.on);
      const found = parts.map((part) => toPlace(lab, part, options.on));
      places.push(...found.map((place) => ({ ...place, whole: repo, ...(parts.length > 1 && { on: undefined }) })));
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

function toPlace(lab: Lab, { repo, parent }: RepoPart, on: string | undefined): Omit<Place, "whole"> {
  const missing = missingDefaultHosts(repo, lab.data, on);
  if (missing.length === 0) return { lab, repo, parent, on: parent.id, warning: undefined };
  const warning = `${describeMissing(missing, lab.data)}: ${parent.id} is used instead`;
  return { lab, repo, parent, on: undefined, warning };
}

/** Says that a parent stands in for a default host that the lab does not have. */
export function warnOfStandIn({ reporter }: Session, { repo, warning }: Place): void {
  if (warning !== undefined) reporter.notice("warn", `${repo.name}: ${warning}`);
}

/** The title of what would be done at a place. */
export function headPlan({ reporter }: Session, { repo, lab, parent }: Pick<Place, "repo" | "lab" | "parent">): void {
  reporter.heading(`${repo.name} on ${nameParent(lab, parent)}`);
}
