import { setTimeout as delay } from "node:timers/promises";
import { isOttoError, RetryPolicy } from "@otto/errors";
import { isSilence, type ReachOptions, reachManager } from "./nodes/find-manager.js";
import { type ObservedSwarm, observeSwarm, observeTasks, type SwarmLocation } from "./observed-swarm.js";

const lookMs = 1000;
/** Managers that choose a leader, or are all restarted, are back by then. */
const longestAbsenceMs = 60_000;

/**
 * What a stack has in its swarm, now and each second, by whichever manager answers. Ends with the signal, or when nobody asks for
 * more.
 * @throws OttoError as `observeSwarm`; `SWARM_NO_MANAGER` when no manager answers for a minute
 */
export async function* watchSwarm(
  location: SwarmLocation,
  options: ReachOptions = {},
): AsyncGenerator<ObservedSwarm, never> {
  const { signal = new AbortController().signal } = options;
  let at = await reachManager(location, options);
  let observed = await observeSwarm(at, signal);
  const retry = new RetryPolicy({
    mayPass: (error) => isSilence(error) || isOttoError(error, "SWARM_NO_MANAGER"),
    pauseMs: (_, failingMs) => (failingMs >= longestAbsenceMs ? undefined : lookMs),
    signal,
  });
  for (;;) {
    yield observed;
    await delay(lookMs, undefined, { signal });
    try {
      observed = await observeTasks(at, observed, signal);
      retry.reset();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isSilence(error)) throw error;
      at = await retry.run(() => reachManager(location, options));
    }
  }
}
