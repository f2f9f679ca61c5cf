import type { SwarmMembership } from "./swarm-objects.js";

/** Why an engine manages no swarm, and what to type; undefined: it does. Pure. */
export function describeMembership({
  state,
  isManager,
  error,
}: SwarmMembership): { readonly reason: string; readonly hint: string } | undefined {
  if (state === "active" && isManager) return undefined;
  if (state === "inactive")
    return {
      reason: "its engine is in no swarm",
      hint: "Make it a manager there: `docker swarm init`, or `docker swarm join` with the token that `docker swarm join-token manager` of another manager prints.",
    };
  if (state === "locked")
    return {
      reason: "its swarm is locked",
      hint: "Unlock it there: `docker swarm unlock`, with the key that `docker swarm unlock-key` printed.",
    };
  if (state === "active")
    return {
      reason: "it is a worker of the swarm",
      hint: "Choose a manager: `--on HOST`; or make it one, on a manager: `docker node promote NODE`.",
    };
  return {
    reason: `its swarm is in the state ${state}${error === "" ? "" : `: ${error}`}`,
    hint: "See what is wrong there: `docker info`.",
  };
}
