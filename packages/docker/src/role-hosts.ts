import { listOpenRoles, type Repo } from "@otto/config";
import { shareSignal, startDeadline } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { ownerOf, type Reservation, readReservations } from "@otto/hosts";
import { currentUser } from "./current-user.js";
import { type PlacementOptions, projectNameOf } from "./stack-placement.js";
import { StackPlaces } from "./stack-places.js";

/** One that does not say within it who has it, is not known to be free. */
const answerMs = 5000;

/** Has entries with a role go where an earlier `up` of this user has brought them up. Nothing is connected. */
export async function recallHosts(repo: Repo, lab: Lab, options: PlacementOptions = {}): Promise<void> {
  if (listOpenRoles(repo, lab.data, options.on).size === 0) return;
  const places = await new StackPlaces(lab, projectNameOf(repo, lab, options)).list();
  if (places.length > 0) lab.preferHosts(repo, places);
}

/**
 * Of several hosts with a role, has entries of the repo go to the one where they run, else to one that this user has reserved, else
 * to one that nobody has reserved. Hosts are asked where that is open, once for a lab.
 * @throws an abort's reason; one that cannot be asked is not free
 */
export async function preferFreeHosts(
  repo: Repo,
  lab: Lab,
  options: PlacementOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const roles = listOpenRoles(repo, lab.data, options.on);
  if (roles.size === 0 || lab.preferredHosts(repo) !== undefined) return;
  await recallHosts(repo, lab, options);
  if (lab.preferredHosts(repo) !== undefined) return;
  using deadline = startDeadline(answerMs, options.signal);
  const signal = shareSignal(deadline.signal);
  const asked = [...new Set([...roles.values()].flat())].map(async (host) => {
    const line = await readReservations(lab.machine(host), { signal }).catch(() => undefined);
    return { host, first: line === undefined ? ("unknown" as const) : line[0] };
  });
  const answers = await Promise.all(asked);
  options.signal?.throwIfAborted();
  lab.preferHosts(repo, orderHosts(answers, ownerOf(currentUser())));
}

interface HostAnswer {
  /** Id. */
  readonly host: string;
  /** Who has it; undefined: nobody. */
  readonly first: Reservation | "unknown" | undefined;
}

/** One's own first, then those that are free, then those of others; those that gave no answer last. */
export function orderHosts(answers: readonly HostAnswer[], owner: string): string[] {
  const rank = ({ first }: HostAnswer) => {
    if (first === undefined) return 1;
    if (first === "unknown") return 3;
    return first.owner === owner ? 0 : 2;
  };
  return answers.toSorted((a, b) => rank(a) - rank(b)).map(({ host }) => host);
}
