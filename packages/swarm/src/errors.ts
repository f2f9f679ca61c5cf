import { describeMembership, type SwarmMembership } from "@otto/engine";
import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";

/** @throws OttoError `SWARM_NOT_MANAGER` */
export function requireManager({ id }: Pick<Parent, "id">, membership: SwarmMembership): void {
  const found = describeMembership(membership);
  if (found === undefined) return;
  throw new OttoError("SWARM_NOT_MANAGER", `${id} manages no swarm: ${found.reason}`, {
    hint: found.hint,
    details: { host: id, state: membership.state },
  });
}
