import { setTimeout as delay } from "node:timers/promises";
import {
  type HeldLease,
  holdLease,
  isLeased,
  type StackSession,
  type WaitingEvent,
  withStackLock,
} from "@otto/compose";
import { quoteCommand, startRunningClock } from "@otto/errors";
import type { LockHolder } from "@otto/hosts";
import { removeStack } from "./down.js";
import { ownedLabel } from "./model/stack-file.js";
import { reachManager } from "./nodes/find-manager.js";
import { type ObservedSwarm, observeSwarm, type SwarmLocation, stackFilter } from "./observed-swarm.js";
import type { SwarmStack } from "./swarm-stack.js";
import { bringUpIn, type SwarmUpOptions } from "./up.js";

export interface SwarmLeaseOptions extends SwarmUpOptions {
  /** Whether the last holder takes the stack down even if it ran before any of them. */
  readonly own: boolean;
}

/** A stack of a swarm that is up as long as someone holds a lease of it. */
export interface SwarmLease {
  readonly observed: ObservedSwarm;
  /**
   * Ends the lease. The last holder takes the stack down, if a holder started it: by another manager where the one that it was
   * deployed by does not answer.
   * @param beforeDown called before that, to end what uses its containers
   * @returns whether it was taken down
   */
  release(beforeDown?: () => Promise<void>): Promise<boolean>;
}

/**
 * Brings a stack up and holds a lease of it on the manager. When this process or its link dies, the manager itself does what
 * `release` would; when the manager dies, its leases die with it, and whoever still holds one takes the stack down by another.
 * @throws OttoError what `bringUpSwarm` throws
 */
export async function leaseSwarm(stack: SwarmStack, options: SwarmLeaseOptions): Promise<SwarmLease> {
  const { who, signal } = options;
  const { parent, project } = stack;
  const onWaiting = (holder: LockHolder) => {
    const waiting: WaitingEvent = { type: "compose.waiting", project, ...holder };
    options.onEvent?.(waiting);
  };
  return withStackLock(stack, options, async (session) => {
    const takeDownScript = formatTakeDown(parent.docker.command, project);
    const lease = await holdLease(stack, { who, takeDownScript, onWaiting, signal });
    try {
      const observed = await bringUpIn(session, stack, options);
      return { observed, release: (beforeDown) => release(stack, lease, { ...options, beforeDown }) };
    } catch (error) {
      await lease.release().catch(() => {});
      throw error;
    }
  });
}

/** What a killed process takes until the manager sees that it has gone, at most. */
const leavingMs = 5000;
const pollMs = 100;

/**
 * Takes down what killed holders left, as the manager does by itself, and returns when it is gone.
 * @returns whether it was taken down: not what no holder started, or what is still leased after 5 s
 * @throws OttoError what `takeDownSwarm` throws
 */
export async function reapSwarm(
  location: SwarmLocation,
  options: Pick<SwarmLeaseOptions, "who" | "onEvent">,
): Promise<boolean> {
  return withStackLock(location, { ...options, evenReserved: true }, async (session) => {
    using clock = startRunningClock();
    while (clock.now() < leavingMs && (await isLeased(session))) await delay(pollMs);
    return endLease(location, session, { beforeDown: undefined });
  });
}

/** What was made before the first service has no mark: with no service at all, nobody wants it. */
function formatTakeDown(docker: readonly string[], project: string): string {
  const list = (...filters: readonly string[]) =>
    quoteCommand([...docker, "service", "ls", "--quiet", ...filters.flatMap((one) => ["--filter", `label=${one}`])]);
  return `all=$(${list(stackFilter(project))}) || exit
owned=$(${list(stackFilter(project), ownedLabel)}) || exit
[ -z "$all" ] || [ -n "$owned" ] || exit 0
${quoteCommand([...docker, "stack", "rm", project])}
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
networks=$(${quoteCommand([...docker, "network", "ls", "--quiet", "--filter", `label=${stackFilter(project)}`])})
[ -n "$networks" ] || break
sleep 1
${quoteCommand([...docker, "stack", "rm", project])}
done`;
}

interface ReleaseOptions extends SwarmLeaseOptions {
  readonly beforeDown: (() => Promise<void>) | undefined;
}

async function release(location: SwarmLocation, lease: HeldLease, options: ReleaseOptions): Promise<boolean> {
  try {
    return await endOn(location, lease, options);
  } catch (error) {
    const reached = await reachManager(location, { onEvent: options.onEvent });
    if (reached === location) throw error;
    return await endOn(reached, undefined, options);
  }
}

/** Without the caller's signal: an interrupted body still leaves nothing behind. */
function endOn(
  location: SwarmLocation,
  lease: HeldLease | undefined,
  { who, onEvent, onPhase, beforeDown }: ReleaseOptions,
): Promise<boolean> {
  return withStackLock(location, { who, onEvent, onPhase, evenReserved: true }, async (session) => {
    await lease?.release();
    return endLease(location, session, { beforeDown, onPhase });
  });
}

async function endLease(
  location: SwarmLocation,
  session: StackSession,
  { beforeDown, onPhase }: Pick<ReleaseOptions, "beforeDown" | "onPhase">,
): Promise<boolean> {
  const { isOwned } = await observeSwarm(location);
  if (!isOwned || (await isLeased(session))) return false;
  await beforeDown?.();
  await removeStack(location, { onPhase });
  return true;
}
