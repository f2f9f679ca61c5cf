import { type DownStep, type FindLogin, openStackSession, type UpPlan } from "@otto/compose";
import { planDeployment } from "./deployment.js";
import { observeSwarm, type SwarmLocation } from "./observed-swarm.js";
import { type DownChoice, planDown } from "./plan/plan-down.js";
import type { SwarmStack } from "./swarm-stack.js";

export interface SwarmPreview {
  readonly plan: UpPlan;
  /** What the user is to know of it, one sentence each: keys that Swarm ignores, images that are not resolved. */
  readonly notices: readonly string[];
}

/**
 * What `bringUpSwarm` would do to each service, and why. Changes nothing.
 * @throws OttoError as `bringUpSwarm` before it deploys
 */
export async function previewUpSwarm(
  stack: SwarmStack,
  options: { readonly findLogin?: FindLogin | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<SwarmPreview> {
  await using session = await openStackSession(stack, { who: undefined, signal: options.signal });
  const before = await observeSwarm(stack, options.signal);
  return await planDeployment(session, stack, { ...options, before, owned: before.isOwned });
}

/** What `takeDownSwarm` would remove. Changes nothing. @throws OttoError `SWARM_NOT_MANAGER` */
export async function previewDownSwarm(
  location: SwarmLocation,
  { services, signal }: DownChoice & { readonly signal?: AbortSignal | undefined } = {},
): Promise<DownStep[]> {
  return planDown(location.project, await observeSwarm(location, signal), { services });
}
