import { setTimeout as delay } from "node:timers/promises";
import { startRunningClock } from "@otto/errors";
import type { LockHolder } from "@otto/hosts";
import type { PlacedStack } from "./declared/stack.js";
import { formatKept, loggedDown, takeDownIn } from "./down.js";
import type { UpOptions } from "./execute/up-options.js";
import { holdLease, isLeased } from "./lease/stack-lease.js";
import { type ObservedContainer, observeStack } from "./observed/observed-stack.js";
import { waitingEvent, withStackLock } from "./session/stack-lock.js";
import type { StackLocation, StackSession } from "./session/stack-session.js";
import { bringUpIn, loggedUp } from "./up.js";

export interface StackLeaseOptions extends UpOptions {
  /** Whether the last holder takes the stack down even if it ran before any of them. */
  readonly own: boolean;
}

/** A stack that is up as long as someone holds a lease of it. */
export interface StackLease {
  readonly containers: readonly ObservedContainer[];
  /**
   * Ends the lease. The last holder takes the stack down, if a holder started it.
   * @param beforeDown called before that, to end what uses its containers
   * @returns whether it was taken down
   * @throws OttoError what `takeDown` throws
   */
  release(beforeDown?: () => Promise<void>): Promise<boolean>;
}

const stopTimeout = 1;
/** What a killed process takes until the parent sees that it has gone, at most. */
const leavingMs = 5000;
const pollMs = 100;

/**
 * Brings a stack up and holds a lease of it on the parent. A stack that no holder started is left as it runs at the
 * end, unless `own`. When this process or its link dies, the parent itself does what `release` would.
 * @throws OttoError what `bringUp` throws; nothing is started when the parent cannot say whether the stack runs
 */
export async function leaseStack(stack: PlacedStack, options: StackLeaseOptions): Promise<StackLease> {
  const { who, signal } = options;
  const onWaiting = (holder: LockHolder) => options.onEvent?.(waitingEvent(stack.project, holder));
  const work = async (session: StackSession) => {
    const lease = await holdLease(stack, { who, onWaiting, signal });
    try {
      return { lease, ...(await bringUpIn(session, stack, options)) };
    } catch (error) {
      await Promise.race([lease.release(), session.lost]).catch(() => {});
      throw error;
    }
  };
  const { containers, lease } = await withStackLock(stack, options, loggedUp(stack, options, work));
  return { containers, release: (beforeDown) => release(stack, lease, { ...options, beforeDown }) };
}

/** Without the caller's signal: an interrupted body still leaves nothing behind. */
async function release(
  stack: PlacedStack,
  lease: { release(): Promise<void> },
  { who, onEvent, onPhase, beforeDown }: StackLeaseOptions & { beforeDown: (() => Promise<void>) | undefined },
): Promise<boolean> {
  const work = async (session: StackSession) => {
    await lease.release();
    return endLease(session, { onEvent, onPhase, beforeDown });
  };
  return withStackLock(
    stack,
    { who, onEvent, onPhase, evenReserved: true },
    loggedDown({ who, repo: stack.repo.name }, work, Boolean),
  );
}

/**
 * Takes down what killed holders left, as the parent does by itself, and returns when it is gone.
 * @returns whether it was taken down: not what no holder started, or what is still leased after 5 s
 * @throws OttoError what `takeDown` throws
 */
export async function reapStack(
  stack: StackLocation,
  options: Pick<StackLeaseOptions, "who" | "onEvent">,
): Promise<boolean> {
  const work = async (session: StackSession) => {
    using clock = startRunningClock();
    while (clock.now() < leavingMs && (await isLeased(session))) await delay(pollMs);
    return endLease(session, options);
  };
  return withStackLock(stack, { ...options, evenReserved: true }, loggedDown({ who: options.who }, work, Boolean));
}

async function endLease(
  session: StackSession,
  {
    onEvent,
    onPhase,
    beforeDown,
  }: Pick<StackLeaseOptions, "onEvent" | "onPhase"> & { beforeDown?: (() => Promise<void>) | undefined },
): Promise<boolean> {
  const { isOwned } = await observeStack(session);
  if (!isOwned || (await isLeased(session))) return false;
  await beforeDown?.();
  const { kept } = await takeDownIn(session, { stopTimeout, volumes: false, onPhase });
  if (kept !== undefined) onEvent?.({ type: "compose.warning", project: session.project, message: formatKept(kept) });
  return true;
}
