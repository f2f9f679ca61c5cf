import type { DeclareOptions, Lab, Repo, SkippedRepo } from "@otto/docker";
import { OttoError } from "@otto/errors";
import type { Place } from "./arguments/place.js";
import type { Session } from "./session.js";

/**
 * Makes the services of the lab's repos known in it. What reads Compose files is loaded where a repo has a stack.
 * @param readOptions for what is loaded then, too
 * @throws what `declareStacks` throws
 */
export async function declareServices(
  lab: Lab,
  readOptions?: () => Promise<DeclareOptions>,
): Promise<readonly SkippedRepo[]> {
  if (!lab.repos.some(hasStack)) return [];
  const [{ declareStacks }, options] = await Promise.all([import("./stack-declaration.js"), readOptions?.()]);
  return declareStacks(lab, options);
}

/** Whether a repo declares one. */
export function hasStack({ docker }: Repo): boolean {
  return docker.composes.length > 0;
}

/**
 * The repos that have a stack. Of several, one without is only worth a word to those who debug.
 *
 * @throws `CONFIG_NO_STACK` when none has one
 */
export function withStack(session: Session, places: readonly Place[]): Place[] {
  const chosen = places.filter(({ repo }) => hasStack(repo));
  for (const { repo } of places) {
    if (!hasStack(repo)) session.reporter.notice("debug", `${repo.name} declares no compose file`);
  }
  const [first] = places;
  if (first && chosen.length === 0) {
    throw new OttoError("CONFIG_NO_STACK", `looking for the stack of ${first.repo.name}: it declares no compose file`, {
      hint: `Add [[docker.composes]] to ${first.repo.settingsFile}.`,
    });
  }
  return chosen;
}
