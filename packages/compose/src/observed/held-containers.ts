import { heldContainersScript } from "@otto/hosts";
import type { StackSession } from "../session/stack-session.js";
import type { ObservedContainer } from "./observed-stack.js";

/** Ids of the containers that somebody stopped on purpose and will have run again. Asks only where one does not run. */
export async function observeHeld(
  session: StackSession,
  containers: readonly ObservedContainer[],
): Promise<ReadonlySet<string>> {
  const stopped = containers.filter(({ state }) => state !== "running").map(({ id }) => id);
  if (stopped.length === 0) return new Set();
  const { output } = await session.run(heldContainersScript(stopped));
  return new Set(output.split("\n").filter((id) => stopped.includes(id)));
}
