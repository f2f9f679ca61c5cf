import {
  chooseServices,
  createStackRedactor,
  type FindLogin,
  type PhaseListener,
  type StackPhaseName,
  type StackSession,
  type UpEvent,
  type UpPlan,
  withStackLock,
} from "@otto/compose";
import { amendError, isOttoError, startGrace, startRunningClock, withListener } from "@otto/errors";
import { waitUntilConverged } from "./converge/wait-converged.js";
import { deploy, removeUnused } from "./deploy.js";
import { planDeployment } from "./deployment.js";
import { removeStack } from "./down.js";
import { type ObservedSwarm, observeSwarm } from "./observed-swarm.js";
import { createProgress } from "./progress.js";
import type { SwarmStack } from "./swarm-stack.js";

export interface SwarmUpOptions {
  /** Leaves what a failed or interrupted first `up` deployed as it is. Default false: it is removed. */
  readonly keep?: boolean | undefined;
  /** How long services may take to converge, in milliseconds. Default 300,000. */
  readonly readyTimeoutMs?: number | undefined;
  /** The user's logins for registries: images are resolved with them. Default: none. */
  readonly findLogin?: FindLogin | undefined;
  /** The name under which a waiting command reports this call. */
  readonly who: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: UpEvent) => void) | undefined;
  /** Called with each part of the work as it begins, for a trace. It must not throw. */
  readonly onPhase?: PhaseListener | undefined;
}

const defaultTimeoutMs = 300_000;
/** After an abort, what was deployed has so long to go. */
const undoMs = 60_000;

/**
 * Rolls a stack out by `docker stack deploy` on a manager, and waits until its services have converged. Calls for one stack on
 * one manager take turns. If the stack was not there before and it fails, what was deployed is removed, unless `keep` is set;
 * `details.outcome` of the error says which: `kept`, `removed`, or `left` for a stack that was there before.
 *
 * @returns what the stack has in the swarm then
 * @throws OttoError `SWARM_NOT_MANAGER`, `SWARM_MOUNT_LOCAL`, `SWARM_IMAGE_UNBUILT`, `SWARM_CONTENT_UNREADABLE`,
 * `SWARM_NETWORK_CHANGED`, `SWARM_DEPLOY_FAILED`, `SWARM_ROLL_OUT_FAILED`, `SWARM_NOT_READY`, and what `@otto/compose` throws of the
 * files and the lock
 */
export async function bringUpSwarm(stack: SwarmStack, options: SwarmUpOptions): Promise<ObservedSwarm> {
  return withStackLock(stack, options, async (session) => {
    return bringUpIn(session, stack, { ...options, own: undefined });
  });
}

/**
 * Within a session that holds the stack's lock.
 * @param options `own`: whether the last holder of a lease is to take it down; undefined: who brings it up wants it to stay
 */
export async function bringUpIn(
  session: StackSession,
  stack: SwarmStack,
  options: SwarmUpOptions & { readonly own: boolean | undefined },
): Promise<ObservedSwarm> {
  const { own, signal } = options;
  const begin = (phase: StackPhaseName) => options.onPhase?.({ type: "compose.phase", project: stack.project, phase });
  begin("observe");
  const before = await observeSwarm(stack, signal);
  const isNew = before.services.length === 0;
  const owned = own !== undefined && (own || before.isOwned || isNew);
  return withListener(options.onEvent, async (onEvent) => {
    try {
      return await rollOut(session, stack, { ...options, onEvent, before, owned, begin });
    } catch (error) {
      throw await settle(stack, error, { ...options, onEvent, isNew });
    }
  });
}

interface RollOut extends SwarmUpOptions {
  readonly before: ObservedSwarm;
  readonly owned: boolean;
  readonly onEvent: (event: UpEvent) => void;
  readonly begin: (phase: StackPhaseName) => void;
}

async function rollOut(session: StackSession, stack: SwarmStack, options: RollOut): Promise<ObservedSwarm> {
  const { before, onEvent, signal, begin } = options;
  const { project } = stack;
  const warn = (message: string) => onEvent({ type: "compose.warning", project, message });
  begin("plan");
  const { model, contents, file, plan, forced, notices } = await planDeployment(session, stack, { ...options, before });
  notices.forEach(warn);
  onEvent({ type: "compose.planned", project, steps: plan });
  using clock = startRunningClock();
  const progress = createProgress({ project, before, onEvent });
  if (changes(plan)) {
    begin("apply");
    await deploy(session, stack, { file, contents, before, prunes: isWhole(stack), forced, signal, onEvent });
  }
  begin("wait");
  const observed = await waitUntilConverged(stack, {
    services: file.services.map(({ name }) => name),
    before,
    isNew: changes(plan),
    timeoutMs: options.readyTimeoutMs ?? defaultTimeoutMs,
    now: clock.now,
    redactor: createStackRedactor(stack),
    signal,
    onLook: (seen) => progress.note(seen),
    onAbsent: () => warn(`the swarm of ${stack.parent.id} does not answer; waiting until it does`),
  });
  if (isWhole(stack)) await removeUnused(stack, { before, contents, signal });
  const services = chooseServices(stack, []).files.services.filter(({ enabled }) => enabled).length;
  onEvent({
    type: "compose.ready",
    project,
    services: Math.min(services, model.services.size),
    isChanged: changes(plan),
    ports: [],
  });
  return observed;
}

/** Whether all services of the files are deployed, so that what is beside them may go. */
function isWhole({ choice }: SwarmStack): boolean {
  return choice?.services === undefined || choice.services.length === 0;
}

function changes(plan: UpPlan): boolean {
  return plan.some(({ do: action }) => action !== "leave");
}

/** What becomes of a stack whose `up` failed. @returns the error, with that in its `details` */
async function settle(
  stack: SwarmStack,
  error: unknown,
  { isNew, keep = false, signal, onEvent }: SwarmUpOptions & { readonly isNew: boolean },
): Promise<unknown> {
  const outcome = !isNew ? "left" : keep ? "kept" : "removed";
  if (outcome === "removed") {
    // The caller's abort must not keep this from running, nor may its failure hide why it runs.
    using grace = startGrace(() => undoMs, signal);
    await removeStack(stack, { signal: grace.signal }).catch(() => {
      const message = "what was deployed could not be removed; `otto docker down` does it";
      onEvent?.({ type: "compose.warning", project: stack.project, message });
    });
  }
  return isOttoError(error) ? amendError(error, { details: { ...error.details, outcome } }) : error;
}
