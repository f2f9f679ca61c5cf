import { takeDownIn } from "./down.js";
import type { PlacedStack } from "./stack.js";
import { holdLease, isLeased } from "./stack-lease.js";
import { type ObservedContainer, observeStack } from "./stack-observation.js";
import { inStackSession } from "./stack-turn.js";
import { bringUpIn, type UpOptions } from "./up.js";

export interface StackUseOptions extends UpOptions {
  /** Whether the last user takes the stack down even if it ran before any of them. */
  readonly own: boolean;
}

/** A stack that is up as long as someone uses it. */
export interface StackUse {
  readonly containers: readonly ObservedContainer[];
  /**
   * Ends the use. Who is last takes the stack down, if a user started it.
   * @returns whether it was taken down
   * @throws OttoError what `takeDown` throws
   */
  release(): Promise<boolean>;
}

const stopTimeout = 1;

/**
 * Brings a stack up and notes on the parent that this process uses it. A stack that no user started is left as it runs
 * at the end, unless `own`. When this process or its link dies, the parent itself does what `release` would.
 * @throws OttoError what `bringUp` throws; nothing is started when the parent cannot say whether the stack runs
 */
export async function useStack(stack: PlacedStack, options: StackUseOptions): Promise<StackUse> {
  const { parent, project } = stack;
  return inStackSession(stack, options, async (session) => {
    const lease = await holdLease(parent, project);
    try {
      const { containers } = await bringUpIn(session, stack, options);
      return { containers, release: () => release(stack, lease, options) };
    } catch (error) {
      await lease.release();
      throw error;
    }
  });
}

/** Without the caller's signal: an interrupted body still leaves nothing behind. */
async function release(
  stack: PlacedStack,
  lease: { release(): Promise<void> },
  { who, onEvent }: StackUseOptions,
): Promise<boolean> {
  const { parent, project } = stack;
  return inStackSession(stack, { who, onEvent }, async (session) => {
    await lease.release();
    const { isOwned } = await observeStack(session, parent, { project, images: [] });
    if (!isOwned || (await isLeased(session, project))) return false;
    await takeDownIn(session, parent, project, { stopTimeout, volumes: false });
    return true;
  });
}
