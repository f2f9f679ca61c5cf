import { describeMissing, missingDefaultHosts, selectRepos } from "@otto/config";
import type { Lab, Parent, Repo } from "@otto/docker";
import { isOttoError } from "@otto/errors";
import { exitCodeOf, exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";
import type { PlaceOptions } from "./option.js";
import { nameParent } from "./parent-name.js";

/** A repo and the parent that its images and stack belong on. */
export interface Place {
  readonly lab: Lab;
  readonly repo: Repo;
  readonly parent: Parent;
  /** What is to be said of a parent that stands in for a default host which the lab does not have. */
  readonly warning: string | undefined;
}

/**
 * The repos to work on, each with its parent. Of several, one that has no parent in this lab is named as skipped.
 *
 * @throws `CONFIG_NO_REPO`, `CONFIG_UNKNOWN_REPO`, `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`, `LAB_NO_PARENT`
 */
export async function findPlaces(session: Session, options: PlaceOptions): Promise<Place[]> {
  const lab = await session.lab();
  const repos = selectRepos(lab.repos, options.repo);
  const skipped: { readonly repo: Repo; readonly error: Error }[] = [];
  const places: Place[] = [];
  for (const repo of repos) {
    try {
      const parent = lab.parentFor(repo, options.on);
      const missing = missingDefaultHosts(repo, lab.data, options.on);
      const warning =
        missing.length === 0 ? undefined : `${describeMissing(missing, lab.data)}: ${parent.id} is used instead`;
      places.push({ lab, repo, parent, warning });
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

/** Says that a parent stands in for a default host that the lab does not have. */
export function warnOfStandIn({ reporter }: Session, { repo, warning }: Place): void {
  if (warning !== undefined) reporter.notice("warn", `${repo.name}: ${warning}`);
}

/** The title of what would be done at a place. */
export function headPlan({ reporter }: Session, { repo, lab, parent }: Pick<Place, "repo" | "lab" | "parent">): void {
  reporter.heading(`${repo.name} on ${nameParent(lab, parent)}`);
}

/** Does the same for each repo's part; one that fails is told and does not stop the others. A signal does. */
export async function eachOf<Part>(
  { reporter, signal }: Session,
  parts: readonly Part[],
  work: (part: Part) => Promise<boolean>,
): Promise<Outcome> {
  let exitCode: number = exitCodes.done;
  for (const part of parts) {
    try {
      const done = await work(part);
      exitCode = Math.max(exitCode, done ? exitCodes.done : exitCodes.failed);
    } catch (error) {
      signal.throwIfAborted();
      reporter.error(error);
      exitCode = Math.max(exitCode, exitCodeOf(error));
    }
  }
  return { exitCode };
}
