import { OttoError } from "@otto/errors";
import type { Place } from "./arguments/place.js";
import type { Session } from "./session.js";

/**
 * The repos that have a stack. Of several, one without is only worth a word to those who debug.
 *
 * @throws `CONFIG_NO_STACK` when none has one
 */
export function withStack(session: Session, places: readonly Place[]): Place[] {
  const chosen = places.filter(({ repo }) => repo.docker.composes.length > 0);
  for (const { repo } of places) {
    if (repo.docker.composes.length === 0) session.reporter.notice("debug", `${repo.name} declares no compose file`);
  }
  const [first] = places;
  if (first && chosen.length === 0) {
    throw new OttoError("CONFIG_NO_STACK", `looking for the stack of ${first.repo.name}: it declares no compose file`, {
      hint: `Add [[docker.composes]] to ${first.repo.settingsFile}.`,
    });
  }
  return chosen;
}
